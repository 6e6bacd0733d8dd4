import { expect, test } from "vitest";
import { manifestFiles } from "../support/manifest-file.ts";
import { connectSocket } from "../support/socket-reader.ts";
import { sharedTestServer } from "../support/test-server.ts";

const QUERY = "{ viewer { isAdmin } }";
const environment = { TRUSTED_DOCUMENTS: manifestFiles()({ who: QUERY }) };
const servers = { off: await sharedTestServer(), allowed: await sharedTestServer({ environment }) };
const users = { off: await servers.off.as(), allowed: await servers.allowed.as() };
type Mode = keyof typeof users;

const persistedQuery = { version: 1, sha256Hash: "0".repeat(64) };
const NOT_SUPPORTED = [
  { message: "PersistedQueryNotSupported", extensions: { code: "PERSISTED_QUERY_NOT_SUPPORTED" } },
];

async function post(mode: Mode, Accept: string, body: object) {
  const headers = { "Content-Type": "application/json", Accept };
  const response = await users[mode].get("/graphql", { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

async function get(mode: Mode, Accept: string, body: object) {
  const texts = Object.entries(body).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const query = new URLSearchParams(Object.fromEntries(texts));
  const response = await users[mode].get(`/graphql?${query}`, { headers: { Accept } });
  return { status: response.status, text: await response.text() };
}

async function overSocket(mode: Mode, payload: object) {
  const connectionParams = { authorization: `Bearer ${users[mode].key}` };
  const socket = await connectSocket({ url: servers[mode].url, connectionParams });
  socket.send({ type: "subscribe", id: "1", payload });
  const message = await socket.next(({ id }) => id === "1");
  if (message !== null) await socket.close();
  return message ?? (await socket.closed);
}

test.each([
  ["beside a text", { query: QUERY, extensions: { persistedQuery } }],
  ["beside an empty text", { query: "", extensions: { persistedQuery } }],
  [
    "beside a subscription",
    { query: "subscription { taskProgress(taskId: 1) { total } }", extensions: { persistedQuery } },
  ],
  ["that is a number, beside a text", { query: QUERY, extensions: { persistedQuery: 5 } }],
])("without trusted documents, the hash of a document %s is not supported over any transport", async (_where, body) => {
  for (const Accept of ["application/json", "application/graphql-response+json"]) {
    const { status, text } = await post("off", Accept, body);
    expect([status, JSON.parse(text).errors]).toEqual([200, NOT_SUPPORTED]);
  }
  const stream = `event: next\ndata: ${JSON.stringify({ errors: NOT_SUPPORTED })}\n\nevent: complete\n`;
  expect((await post("off", "text/event-stream", body)).text).toContain(stream);
  expect((await get("off", "text/event-stream", body)).text).toContain(stream);
  expect(await overSocket("off", body)).toEqual({ id: "1", type: "error", payload: NOT_SUPPORTED });
});

test("without trusted documents, a hash alone is not supported over server-sent events either", async () => {
  const { text } = await post("off", "text/event-stream", { extensions: { persistedQuery } });
  expect(text).toContain(JSON.stringify({ errors: NOT_SUPPORTED }));
});

test.each([
  ["extensions that are a number", { query: QUERY, extensions: 5 }],
  ["extensions that are a list", { query: QUERY, extensions: [] }],
  ["extensions that are a text", { query: QUERY, extensions: "{}" }],
  ["variables that are a list", { query: QUERY, variables: [] }],
  ["an operation name that is a number", { query: QUERY, operationName: 5 }],
  ["a query that is a number", { query: 5 }],
  ["no query", { variables: {} }],
  ["an empty query", { query: "" }],
  ["the id of a document beside extensions that are a list", { documentId: "who", extensions: [] }],
])("a request with %s is refused alike over all transports", async (_what, body) => {
  const mode = "documentId" in body ? "allowed" : "off";
  const refused = await post(mode, "application/json", body);
  expect([refused.status, JSON.parse(refused.text).errors[0].extensions.code]).toEqual([400, "BAD_REQUEST"]);
  expect(await post(mode, "application/graphql-response+json", body)).toEqual(refused);
  expect(await post(mode, "text/event-stream", body)).toEqual(refused);
  if (JSON.stringify(body).includes("[]")) {
    const refusedGet = await get(mode, "application/json", body);
    expect([refusedGet.status, JSON.parse(refusedGet.text).errors[0].extensions.code]).toEqual([400, "BAD_REQUEST"]);
    expect(await get(mode, "text/event-stream", body)).toEqual(refusedGet);
  }
  const overWebSocket = await overSocket(mode, body);
  if (!("query" in body) || body.query !== "") expect(overWebSocket).toMatchObject({ code: 4400 });
  else expect(overWebSocket).toMatchObject({ type: "error", payload: JSON.parse(refused.text).errors });
});

import { hash } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { startGraphqlServer } from "../../src/graphql/server.ts";
import { createLog } from "../../src/log.ts";
import { aJob, aTask } from "../support/builders.ts";
import { PROGRESS, subscriber } from "../support/event-reader.ts";
import { manifestFiles } from "../support/manifest-file.ts";
import { connectSocket } from "../support/socket-reader.ts";
import { sharedTestDatabase } from "../support/test-database.ts";
import { serveDatabase } from "../support/test-server.ts";

const TASK = "query OneTask($id: UUID!) { task(id: $id) { id } }";
const SUBSCRIPTION = PROGRESS;
const CUSTOM = "query Who { viewer { userId } }";
const sha256 = (text: string) => hash("sha256", text);
const NEW = "application/graphql-response+json";

const manifestFile = manifestFiles();

const manifest = manifestFile({
  [`sha256:${sha256(TASK)}`]: TASK,
  [sha256(SUBSCRIPTION)]: SUBSCRIPTION,
  "who.v1": CUSTOM,
});
const database = await sharedTestDatabase();
const serve = async (environment: Record<string, string>) => {
  const server = await serveDatabase(database.url, environment);
  afterAll(() => server.close());
  return server;
};
const metrics = { METRICS_TOKEN: "a-token-of-the-tests" };
const required = await serve({ TRUSTED_DOCUMENTS: manifest, TRUSTED_DOCUMENTS_MODE: "required", ...metrics });
const allowed = await serve({ TRUSTED_DOCUMENTS: manifest });
const off = await serve({ INTROSPECTION: "off" });
const { open, postSubscription } = subscriber();

const user = await required.as();
const users = {
  required: user,
  allowed: await allowed.as({ userId: user.userId }),
  off: await off.as({ userId: user.userId }),
};
type Mode = keyof typeof users;
const taskId = await aTask(database.sql, { user_id: user.userId });
await aJob(database.sql, { task_id: taskId });

async function read(response: Response) {
  const { data, errors = [] } = JSON.parse(await response.text());
  return { status: response.status, data, code: errors[0]?.extensions.code, errors };
}
const post = async (mode: Mode, body: object, headers: Record<string, string> = {}) =>
  read(
    await users[mode].get("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    }),
  );
const get = async (mode: Mode, parameters: Record<string, string>) =>
  read(await users[mode].get(`/graphql?${new URLSearchParams(parameters)}`));
const apollo = (sha256Hash: unknown) => ({ persistedQuery: { version: 1, sha256Hash } });

describe.each(["allowed", "required"] as const)("with trusted documents %s", (mode) => {
  const variables = { id: taskId };

  test("a document is executed by each form of its id, by POST and GET", async () => {
    const id = `sha256:${sha256(TASK)}`;
    for (const request of [
      { documentId: id, variables },
      { documentId: sha256(TASK), variables, operationName: "OneTask" },
      { extensions: apollo(sha256(TASK)), variables },
      { documentId: id, query: null, extensions: apollo(sha256(TASK)), variables },
    ]) {
      expect(await post(mode, request)).toMatchObject({ status: 200, data: { task: { id: taskId } } });
    }
    const inUrl = { variables: JSON.stringify(variables) };
    for (const parameters of [
      { documentId: id, ...inUrl },
      { extensions: JSON.stringify(apollo(sha256(TASK))), ...inUrl },
    ]) {
      expect(await get(mode, parameters)).toMatchObject({ status: 200, data: { task: { id: taskId } } });
    }
    expect(await post(mode, { documentId: "who.v1" })).toMatchObject({ data: { viewer: { userId: user.userId } } });
    expect(await get(mode, { documentId: "who.v1" })).toMatchObject({ data: { viewer: { userId: user.userId } } });
  });

  test.for<[string, object, number, string]>([
    ["an unknown id", { documentId: `sha256:${sha256("{ a }")}` }, 404, "PERSISTED_QUERY_NOT_FOUND"],
    ["the name of an inherited property", { documentId: "__proto__" }, 404, "PERSISTED_QUERY_NOT_FOUND"],
    ["an unknown hash", { extensions: apollo(sha256("{ a }")) }, 404, "PERSISTED_QUERY_NOT_FOUND"],
    ["an id that is a number", { documentId: 1 }, 400, "BAD_USER_INPUT"],
    ["an empty id", { documentId: "" }, 400, "BAD_USER_INPUT"],
    ["an id that is a list", { documentId: ["who.v1"] }, 400, "BAD_USER_INPUT"],
    ["a hash that is a number", { extensions: apollo(5) }, 400, "BAD_USER_INPUT"],
    ["an extension that is a text", { extensions: { persistedQuery: "who.v1" } }, 400, "BAD_USER_INPUT"],
    [
      "another version of the extension",
      { extensions: { persistedQuery: { version: 2, sha256Hash: "who.v1" } } },
      400,
      "BAD_USER_INPUT",
    ],
    ["an id beside a text", { documentId: "who.v1", query: CUSTOM }, 400, "BAD_USER_INPUT"],
    [
      "an id and the hash of another document",
      { documentId: "who.v1", extensions: apollo(sha256(TASK)) },
      400,
      "BAD_USER_INPUT",
    ],
    ["a hash that is not that of the text", { query: CUSTOM, extensions: apollo(sha256(TASK)) }, 400, "BAD_USER_INPUT"],
  ])("%s is refused with a stable status and code", async ([_what, body, status, code]) => {
    for (const Accept of ["application/json", NEW]) {
      const refused = await post(mode, body, { Accept });
      expect(refused).toMatchObject({ status, code, data: undefined });
      expect(refused.errors).toHaveLength(1);
    }
    expect(
      (
        await read(
          await users[mode].get("/graphql", {
            method: "POST",
            headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
            body: JSON.stringify(body),
          }),
        )
      ).code,
    ).toBe(code);
  });

  test("an id that is given twice in a query string is refused", async () => {
    const response = await users[mode].get("/graphql?documentId=who.v1&documentId=who.v1");
    expect(await read(response)).toMatchObject({ status: 400, code: "BAD_USER_INPUT" });
  });

  test("a subscription is started by its id, and receives events", async () => {
    const { reader } = await postSubscription(users[mode], { documentId: sha256(SUBSCRIPTION), variables });
    expect((await reader.result()).data.taskProgress.pending).toBe(1);
  });

  test("a subscription and a query are started by their ids over WebSocket, and a text is refused if ids are required", async () => {
    const { url } = { required, allowed }[mode];
    const connectionParams = { authorization: `Bearer ${users[mode].key}` };
    const socket = await connectSocket({ url, connectionParams });
    socket.send({ type: "subscribe", id: "1", payload: { query: "", documentId: sha256(SUBSCRIPTION), variables } });
    expect(await socket.next((message) => message.id === "1")).toMatchObject({ type: "next" });
    socket.send({ type: "complete", id: "1" });
    socket.send({ type: "subscribe", id: "2", payload: { query: "", extensions: apollo("who.v1") } });
    expect(await socket.next((message) => message.id === "2")).toMatchObject({
      type: "next",
      payload: { data: { viewer: { userId: user.userId } } },
    });
    expect(await socket.next((message) => message.id === "2")).toMatchObject({ type: "complete" });
    socket.send({ type: "subscribe", id: "3", payload: { query: INTROSPECTION } });
    const refused = { type: "error", payload: [{ extensions: { code: "PERSISTED_QUERY_ID_REQUIRED" } }] };
    expect(await socket.next((message) => message.id === "3")).toMatchObject(
      mode === "required" ? refused : { type: "next", id: "3" },
    );
    await socket.close();
  });

  test("the REST API and its events are unaffected", async () => {
    for (const path of ["", "/jobs", "/jobs?status=pending"])
      expect((await users[mode].get(`/api/v1/tasks/${taskId}${path}`)).status).toBe(200);
    const { reader } = await open(users[mode], `/api/v1/tasks/${taskId}/events`);
    expect((await reader.next()).data).toMatch(new RegExp(`${taskId}|total_email_addresses`));
  });
});

const INTROSPECTION = "{ __schema { queryType { name } } }";

test.each([
  ["a text", { query: "{ viewer { userId } }" }],
  ["the text of a trusted document", { query: CUSTOM }],
  ["introspection", { query: INTROSPECTION }],
  ["the name of a type", { query: "{ __typename }" }],
  ["a text and its hash", { query: CUSTOM, extensions: apollo(sha256(CUSTOM)) }],
  ["a request without a document", { variables: {} }],
])("if trusted documents are required, %s is not executed over any transport", async (_what, body) => {
  const refused = { status: 400, code: "PERSISTED_QUERY_ID_REQUIRED", data: undefined };
  expect(await post("required", body)).toMatchObject(refused);
  const texts = Object.entries(body).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  expect(await get("required", Object.fromEntries(texts))).toMatchObject(refused);
  const stream = await users.required.get("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(body),
  });
  expect(await read(stream)).toMatchObject(refused);
});

test("if trusted documents are required, a batch is refused, and so is a text that reaches the executor", async () => {
  expect(await post("required", [{ query: CUSTOM }, { documentId: "who.v1" }])).toMatchObject({ status: 400 });
  const { server } = await startGraphqlServer({
    introspection: true,
    trustedDocuments: { file: manifest, required: true },
    isStoredDocument: () => false,
    log: createLog("silent"),
    metrics: null,
    tracer: null,
  });
  const { body } = await server.executeOperation({ query: "{ __typename }" }, { contextValue: {} as never });
  expect(body.kind === "single" && body.singleResult.errors?.[0]?.extensions?.code).toBe("PERSISTED_QUERY_ID_REQUIRED");
  await server.stop();
});

test("if trusted documents are required, GraphiQL is off and /graphql redirects no browser to it", async () => {
  expect((await users.required.get("/graphiql")).status).toBe(404);
  const page = await users.required.get("/graphql", { headers: { Accept: "text/html" }, redirect: "manual" });
  expect(page.status).not.toBe(302);
});

test("if trusted documents are allowed, texts are executed, with the hash of automatic persisted queries too", async () => {
  expect(await post("allowed", { query: INTROSPECTION })).toMatchObject({ status: 200, code: undefined });
  const text = "{ viewer { isAdmin } }";
  const withHash = { query: text, extensions: apollo(sha256(text)) };
  expect(await post("allowed", withHash)).toMatchObject({ status: 200, data: { viewer: { isAdmin: false } } });
  expect(await post("allowed", { extensions: apollo(sha256(text)) })).toMatchObject({ status: 404 });
});

test("without trusted documents an id alone is refused, and ignored beside a text", async () => {
  const refused = { status: 400, code: "BAD_USER_INPUT" };
  expect(await post("off", { documentId: "who.v1" })).toMatchObject(refused);
  expect(await get("off", { documentId: "who.v1" })).toMatchObject(refused);
  expect(await post("off", { documentId: "who.v1", query: CUSTOM })).toMatchObject({ status: 200, code: undefined });
  expect((await post("off", { extensions: apollo(sha256(CUSTOM)) })).code).toBe("PERSISTED_QUERY_NOT_SUPPORTED");
});

test("introspection is switched off separately from GraphiQL", async () => {
  expect(await post("off", { query: INTROSPECTION })).toMatchObject({ code: "GRAPHQL_VALIDATION_FAILED" });
  expect((await users.off.get("/graphiql")).status).toBe(200);
});

test("the cost of a trusted document is reported, and its first execution uses the prepared document", async () => {
  const response = await users.allowed.get("/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ documentId: "who.v1" }),
  });
  expect(JSON.parse(await response.text()).extensions.cost.requested).toBe(2);
});

test("the log and the metrics name the trusted operations, and nothing that callers choose", async () => {
  await post("required", { documentId: "who.v1", operationName: "Who" });
  await post("required", { documentId: "who.v1", operationName: "Secret" });
  const lines = required.logLines.map((line) => JSON.parse(line));
  expect(lines).toContainEqual(expect.objectContaining({ msg: "request", path: "/graphql", operation: "Who" }));
  expect(lines).toContainEqual(
    expect.objectContaining({ msg: "trusted documents are loaded", documents: 3, required: true }),
  );
  const headers = { Authorization: `Bearer ${metrics.METRICS_TOKEN}` };
  const text = await (await fetch(`${required.url}/metrics`, { headers })).text();
  expect(text).toMatch(/graphql_documents_total\{source="trusted",operation="Who"\} [1-9]/);
  expect(text + required.logLines.join("")).not.toContain("Secret");
});

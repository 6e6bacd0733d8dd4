import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, expect, test } from "vitest";
import { newApiKey } from "../../src/auth/api-key.ts";
import { CREDENTIAL_FAULTS } from "../../src/auth/credential-fault.ts";
import { CHANGES } from "../support/event-reader.ts";
import { connectSocket, openSocket, runOperation } from "../support/socket-reader.ts";
import { type ServedDatabase, serveDatabase, sharedTestServer } from "../support/test-server.ts";
import { userWithTask } from "../support/user-with-task.ts";

const SECRET = "a secret of this test, long enough for HS256";
const keyServer = http.createServer(({ url }, response) => {
  response.writeHead(url === "/down" ? 500 : 200).end('{"keys":[]}');
});
await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
afterAll(() => keyServer.close());
const KEY_SERVER_URL = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/`;
const server = await sharedTestServer({
  environment: {
    JWT_SECRET: SECRET,
    JWT_JWKS_URL: KEY_SERVER_URL,
    JWT_ISSUER: "https://issuer.example",
    JWT_AUDIENCE: "task-jobs",
    METRICS_TOKEN: "a-token-of-this-test-0123456789",
  },
  liveTimes: { lookEveryMs: 150, checkEveryMs: 100 },
});
const { sql } = server;

const now = Math.floor(Date.now() / 1000);
const rsa = await generateKeyPair("RS256");
const sign = (claims: { [claim in keyof JWTPayload]?: unknown } = {}, secret = SECRET, alg = "HS256") =>
  new SignJWT({
    ...{ sub: randomUUID(), iss: "https://issuer.example", aud: "task-jobs", exp: now + 600 },
    ...(claims as JWTPayload),
  })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));

const lineOf = (requestId: string, served: ServedDatabase = server) =>
  served.logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find((line) => line.requestId === requestId && (line.msg === "request" || line.msg === "operation"));

interface Refused {
  readonly path?: string;
  readonly served?: ServedDatabase;
}

/** Sends a request that must be refused, and returns the reason in its log line. */
async function reasonOfRefusal(headers: Record<string, string>, { path = "/api/v1/tasks", served }: Refused = {}) {
  const requestId = randomUUID();
  const response = await fetch((served ?? server).url + path, { headers: { ...headers, "X-Request-ID": requestId } });
  expect([response.status, await response.json()]).toEqual([
    401,
    { error: { code: "UNAUTHORIZED", message: "A valid API key or token is required", details: [] } },
  ]);
  await expect.poll(() => lineOf(requestId, served)).toBeDefined();
  return lineOf(requestId, served)?.reason;
}
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

test("the log line of a refused request says why its credential was refused, and the response does not", async () => {
  const [revoked, expired, one, other] = await Promise.all([1, 2, 3, 4].map(() => server.as()));
  await sql`update api_keys set revoked_at = now() where user_id = ${revoked?.userId ?? ""}`;
  await sql`update api_keys set expires_at = now() where user_id = ${expired?.userId ?? ""}`;
  const rs256 = await new SignJWT({}).setProtectedHeader({ alg: "RS256", kid: "gone" }).sign(rsa.privateKey);
  const cases: [string, Record<string, string>][] = [
    ["missing", {}],
    ["malformed", { Authorization: one?.key ?? "" }],
    ["malformed", bearer("tj_short")],
    ["different_users", { ...bearer(one?.key ?? ""), "X-API-Key": other?.key ?? "" }],
    ["unknown_key", bearer(newApiKey())],
    ["expired_key", bearer(expired?.key ?? "")],
    ["revoked_key", { "X-API-Key": revoked?.key ?? "" }],
    ["unsupported_algorithm", bearer(await sign({}, SECRET.repeat(2), "HS512"))],
    ["unknown_signing_key", bearer(rs256)],
    ["wrong_signature", bearer(await sign({}, `${SECRET}.`))],
    ["expired_token", bearer(await sign({ exp: now - 61 }))],
    ["token_not_valid_yet", bearer(await sign({ nbf: now + 300 }))],
    ["wrong_issuer", bearer(await sign({ iss: "https://other.example" }))],
    ["wrong_audience", bearer(await sign({ aud: undefined }))],
    ["wrong_claim", bearer(await sign({ sub: "admin" }))],
    ["wrong_claim", bearer(await sign({ exp: undefined }))],
  ];
  const reasons = await Promise.all(cases.map(([, headers]) => reasonOfRefusal(headers)));
  expect(reasons).toEqual(cases.map(([reason]) => reason));
  expect(await reasonOfRefusal(bearer("x"), { path: "/metrics" })).toBe("wrong_metrics_token");
  const withoutTokens = await serveDatabase(server.database.url, {});
  expect(await reasonOfRefusal(bearer(await sign()), { served: withoutTokens })).toBe("tokens_are_off");
  await withoutTokens.close();
});

test("the log says why a WebSocket connection, its operation or an event stream was ended", async () => {
  const { user, id, connectionParams } = await userWithTask(server);
  const { url } = server;
  const anonymous = await openSocket({ url, headers: { "X-Request-ID": "anonymous" } });
  anonymous.send({ type: "connection_init" });
  await anonymous.closed;
  const socket = await connectSocket({ url, connectionParams, headers: { "X-Request-ID": "socket" } });
  const payload = { query: CHANGES, variables: { id } };
  await runOperation(socket, "1", payload).result();
  const stream = await user.get(`/api/v1/tasks/${id}/events`, { headers: { "X-Request-ID": "stream" } });
  await sql`update api_keys set revoked_at = now() where user_id = ${user.userId}`;
  await socket.closed;
  expect(await stream.text()).toContain("UNAUTHORIZED");
  await expect
    .poll(() => ["anonymous", "socket.1", "stream"].map((name) => lineOf(name)?.reason))
    .toEqual(["missing", "revoked_key", "revoked_key"]);
});

test("the log says why the credential of a WebSocket connection could not be checked", async () => {
  const isolated = await serveDatabase(server.database.url, { JWT_JWKS_URL: `${KEY_SERVER_URL}down` });
  const token = await new SignJWT({}).setProtectedHeader({ alg: "RS256", kid: "a" }).sign(rsa.privateKey);
  const socket = await openSocket({ url: isolated.url, headers: { "X-Request-ID": "unchecked" } });
  socket.send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } });
  expect((await socket.closed).code).toBe(1013);
  const lines = isolated.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ msg }) => msg === "a dependency did not answer")).toMatchObject({
    requestId: "unchecked",
    reason: "UNUSABLE_KEY_SERVER JWT_JWKS_URL did not answer with the status 200 and JSON",
  });
  await isolated.close();
});

test("the manual explains every reason of a refused credential", () => {
  const manual = readFileSync("docs/operating.md", "utf8");
  expect(CREDENTIAL_FAULTS.filter((fault) => !manual.includes(`| \`${fault}\``))).toEqual([]);
});

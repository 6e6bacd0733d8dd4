import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../support/test-server.ts";

let server: TestServer;
let key: string;

beforeAll(async () => {
  server = await startTestServer();
  key = (await server.as()).key;
});
afterAll(() => server.close());

const nested = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;

const post = (body: Uint8Array | string, headers: Record<string, string>) =>
  fetch(`${server.url}/graphql`, {
    method: "POST",
    body: typeof body === "string" ? body : Uint8Array.from(body),
    headers: { "Content-Type": "application/json", ...headers },
  });

test("a request without a valid credential is 401, whatever else is wrong with it", async () => {
  for (const path of ["/graphql?query=%", "/graphql?query={__typename}&variables=%FF", "/graphql?query="]) {
    expect([path, (await fetch(server.url + path)).status]).toEqual([path, 401]);
    expect([path, (await fetch(server.url + path, { headers: { "X-API-Key": key } })).status]).toEqual([path, 400]);
  }
  expect((await post("{", { "Content-Encoding": "br" })).status).toBe(401);
  expect((await post("{", { "Content-Encoding": "br", "X-API-Key": key })).status).toBe(415);
});

test("the body of a request without a valid credential is neither decompressed nor parsed", async () => {
  for (const headers of [{}, { Authorization: `Bearer tj_${"x".repeat(40)}` }]) {
    // The bodies are neither gzip nor JSON, so any parser would answer 400.
    expect((await post("no gzip", { ...headers, "Content-Encoding": "gzip" })).status).toBe(401);
    expect((await post("{", headers)).status).toBe(401);
  }
});

test("a body with too many JSON values is refused before it is parsed, and the error names the limit", async () => {
  const headers = { "X-API-Key": key, "Content-Encoding": "gzip" };
  const response = await post(gzipSync(nested), headers);
  const { errors } = (await response.json()) as { errors: { message: string }[] };
  expect([response.status, errors[0]?.message]).toEqual([
    400,
    "The request body must not have more than 4000 JSON values",
  ]);
});

test("a body that is too large after decompression is 413, and a body that cannot be decompressed is 400", async () => {
  const headers = { "X-API-Key": key, "Content-Encoding": "gzip" };
  expect((await post(gzipSync(Buffer.alloc(10_000_000, "[")), headers)).status).toBe(413);
  expect((await post("no gzip", headers)).status).toBe(400);
});

test("a body that is not UTF-8 is 400", async () => {
  const body = Buffer.from('{"query":"{ viewer { userId } } # \xff"}', "latin1");
  expect((await post(body, { "X-API-Key": key })).status).toBe(400);
});

test("a key that is revoked while the body arrives is refused when it has arrived", async () => {
  const user = await server.as();
  const body = JSON.stringify({ query: "{ viewer { userId } }" });
  const socket = connect(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.key}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await sleep(200);
  await server.sql`update api_keys set revoked_at = now() where user_id = ${user.userId}`;
  socket.write(body.slice(5));
  await once(socket, "close");
  expect(text).toMatch(/^HTTP\/1.1 401 /);
});

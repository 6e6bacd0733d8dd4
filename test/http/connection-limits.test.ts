import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { connectionLimitsOf } from "../../src/http/connection-limits.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { sendRaw, trickle } from "../support/raw-request.ts";
import { type ServedDatabase, serveDatabase, sharedTestServer, startTestServer } from "../support/test-server.ts";

const server = await sharedTestServer({ httpLimits: { maxConnections: 60 } });
/** Only slow clients need short time limits, which every request would exceed when this machine pauses. */
const impatient = await serveDatabase(
  server.database.url,
  {},
  {
    httpLimits: {
      headersTimeoutMs: 400,
      requestTimeoutMs: 800,
      connectionsCheckingIntervalMs: 100,
      silenceTimeoutMs: 1500,
    },
  },
);
afterAll(() => impatient.close());
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 100);
const path = `/api/v1/tasks/${taskId}/jobs`;

const sockets: Socket[] = [];
function open({ port }: { readonly port: number } = server): Socket {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  sockets.push(socket);
  return socket;
}
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

const HOST = "Host: a\r\n";
const CLOSE = "Connection: close\r\n";
const POST = `POST /graphql HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;
/** The second request that an attacker tries to smuggle. */
const SECOND = `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}\r\n`;

/** Adds a valid credential, because the server reads the body only after authentication. */
const withKey = (bytes: string) => bytes.replace(HOST, `${HOST}X-API-Key: ${owner.key}\r\n`);

async function expectRefusal(bytes: string, status: number, code: string) {
  const answer = await sendRaw(server.port, withKey(bytes));
  expect(answer.status).toBe(status);
  const message = expect.any(String);
  const envelope = { error: { code, message, details: [] } };
  const graphql = { errors: [{ message, extensions: { code: expect.stringMatching(/^BAD_/) } }] };
  expect(JSON.parse(answer.body)).toEqual(bytes.startsWith(POST) ? graphql : envelope);
  expect(answer.head).toMatch(/content-type: application\/json; charset=utf-8/i);
  expect(answer.head).toMatch(/connection: close/i);
  expect(answer.head).toMatch(/x-content-type-options: nosniff/i);
  expect(answer.text.split("HTTP/1.1 ")).toHaveLength(2);
}

describe("malformed requests", () => {
  test.each([
    ["a length and chunks", `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ["two lengths", `${POST}Content-Length: 4\r\nContent-Length: 5\r\n\r\n{}{}{${SECOND}`],
    ["the same length twice", `${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}${SECOND}`],
    ["a list of lengths", `${POST}Content-Length: 2, 2\r\n\r\n{}${SECOND}`],
    ["a negative length", `${POST}Content-Length: -1\r\n\r\n{}${SECOND}`],
    ["a length beyond all numbers", `${POST}Content-Length: 99999999999999999999\r\n\r\n{}${SECOND}`],
    ["an unknown coding", `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ["chunks that are not last", `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${SECOND}`],
    ["a coding behind a control character", `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${SECOND}`],
    ["a chunk of no size", `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${SECOND}`],
    ["bare line feeds", `GET /healthz HTTP/1.1\nHost: a\n\n${SECOND}`],
    ["a folded header", `GET /healthz HTTP/1.1\r\n${HOST}X: b\r\n c\r\n\r\n${SECOND}`],
    ["NUL in a header", `GET /healthz HTTP/1.1\r\n${HOST}X: b\0c\r\n\r\n${SECOND}`],
    ["NUL in the address", `GET /health\0z HTTP/1.1\r\n${HOST}\r\n${SECOND}`],
    ["a space before the colon", `GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n${SECOND}`],
    ["no Host", `GET /healthz HTTP/1.1\r\n\r\n${SECOND}`],
    ["two Hosts", `GET /healthz HTTP/1.1\r\n${HOST}host: b\r\n\r\n${SECOND}`],
    ["an unknown method", `SMUGGLE /healthz HTTP/1.1\r\n${HOST}\r\n${SECOND}`],
    ["another version", `GET /healthz HTTP/9.9\r\n${HOST}\r\n${SECOND}`],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01"],
  ])("a request with this fault is 400 once, and its connection is closed: %s", async (_name, bytes) => {
    await expectRefusal(bytes, 400, "VALIDATION_ERROR");
  });

  test("a CONNECT request is 405", async () => {
    await expectRefusal(`CONNECT a:443 HTTP/1.1\r\n${HOST}\r\n`, 405, "METHOD_NOT_ALLOWED");
  });

  test("a connection on which the client keeps sending stays open long enough to read the response", async () => {
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => {});
    sockets.push(socket);
    const startedAt = performance.now();
    socket.resume().write("GET /\0 HTTP/1.1\r\n");
    const sending = setInterval(() => socket.write("x"), 20);
    await new Promise((resolve) => socket.once("end", resolve));
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(sending);
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });

  test("an unusual but unambiguous request is served", async () => {
    for (const bytes of [
      "GET /healthz HTTP/1.0\r\n\r\n",
      `GET http://elsewhere/healthz HTTP/1.1\r\n${HOST}${CLOSE}\r\n`,
      `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}Expect: a-miracle\r\n\r\n`,
      `GET /healthz HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n`,
    ]) {
      const answer = await sendRaw(server.port, bytes);
      expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('{"status":"ok",')]);
      expect(answer.text).not.toContain("elsewhere");
    }
  });
});

describe("large requests", () => {
  test.each([
    ["a header of 20 KB", `X: ${"a".repeat(20_000)}\r\n`],
    ["200 headers", "a:b\r\n".repeat(200)],
    ["3,000 headers", "a:b\r\n".repeat(3000)],
    ["a credential of 100 KB", `Authorization: Bearer ${"a".repeat(100_000)}\r\n`],
  ])("a request with %s is 431", async (_name, headers) => {
    await expectRefusal(`GET ${path} HTTP/1.1\r\n${HOST}${headers}\r\n`, 431, "HEADERS_TOO_LARGE");
  });

  test("a request target of 100 KB is 431", async () => {
    await expectRefusal(`GET /?${"a".repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`, 431, "HEADERS_TOO_LARGE");
  });

  test("a request with 100 headers or a target of 6 KB is served", async () => {
    const headers = "a:b\r\n".repeat(98);
    expect((await sendRaw(server.port, `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}${headers}\r\n`)).status).toBe(200);
    const long = await sendRaw(server.port, `GET /healthz?${"a".repeat(6000)} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(long.status).toBe(200);
  });

  test("a chunk with a large extension is 413", async () => {
    const chunk = `1;${"a".repeat(20_000)}\r\n{\r\n`;
    await expectRefusal(`${POST}Transfer-Encoding: chunked\r\n\r\n${chunk}`, 413, "PAYLOAD_TOO_LARGE");
  });

  test.each([
    ["/graphql", 413],
    ["/healthz", 405],
    ["/api/v1/nothing", 404],
  ])("an endless body to %s is %d at once, and at most a few megabytes of it are read", async (target, status) => {
    const socket = open();
    socket.setEncoding("utf8");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(
      withKey(`POST ${target} HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`),
    );
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
    let sent = 0;
    const send = () => {
      while (!socket.destroyed && sent < 200_000_000) {
        sent += chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on("drain", send);
    send();
    await closed;
    expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    // The number includes the bytes in the socket buffers of both sides.
    expect(sent).toBeLessThan(20_000_000);
  });

  test("a declared body of 1 GB is 413 before its first byte is read", async () => {
    const answer = await sendRaw(impatient.port, `${POST}Content-Length: 1000000000\r\n\r\n{`);
    expect(answer.status).toBe(413);
    expect(answer.text.split("HTTP/1.1 ")).toHaveLength(2);
  });
});

test("a body that takes longer to arrive than REQUEST_TIMEOUT_MS is served", async () => {
  const slow = await startTestServer({ environment: { REQUEST_TIMEOUT_MS: "300" } });
  try {
    const { key } = await slow.as();
    const request = http.request(`${slow.url}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-API-Key": key },
    });
    request.write('{ "query": ');
    await sleep(600);
    request.end('"{ viewer { userId } }" }');
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    expect([answer.statusCode, await json(answer)]).toMatchObject([
      200,
      { data: { viewer: { userId: expect.any(String) } } },
    ]);
  } finally {
    await slow.close();
  }
});

describe("slow clients", () => {
  test("headers that arrive too slowly are 408", async () => {
    const { status, body, ms } = await trickle(impatient.port, "GET /healthz HTTP/1.1\r\n", "X: a\r\n");
    expect([status, JSON.parse(body).error.code]).toEqual([408, "REQUEST_TIMEOUT"]);
    expect(ms).toBeLessThan(3000);
  });

  test("a connection without a request is 408", async () => {
    const { status, ms } = await sendRaw(impatient.port, "");
    expect(status).toBe(408);
    expect(ms).toBeLessThan(3000);
  });

  test("a body that arrives too slowly is 408", async () => {
    const { status, body, ms } = await trickle(impatient.port, withKey(`${POST}Content-Length: 1000\r\n\r\n{`), " ");
    expect([status, JSON.parse(body).errors[0].message]).toEqual([408, "The request took too long to arrive"]);
    expect(ms).toBeLessThan(4000);
  });

  test("a body that arrives too slowly after its response gets no second response", async () => {
    const bytes = `POST /healthz HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\n{`;
    const { status, text } = await trickle(impatient.port, bytes, " ");
    expect(status).toBe(405);
    expect(text.split("HTTP/1.1 ")).toHaveLength(2);
  });

  test("the silence timeout of a connection is longer than REQUEST_TIMEOUT_MS", async () => {
    const patient = await startTestServer({ environment: { REQUEST_TIMEOUT_MS: "60000" } });
    expect(patient.app.server.timeout).toBe(65_000);
    await patient.close();
  });

  test("a client that reads nothing is disconnected", async () => {
    const socket = open(impatient);
    socket.pause();
    // Together the responses (24 MB) are larger than the socket buffers.
    const fields = Array.from({ length: 90 }, (_, n) => `address${n}: emailAddress`).join(" ");
    const query = `{ taskJobs(taskId: "${path.split("/")[4]}", limit: 100) { jobs { ${fields} } } }`;
    const body = JSON.stringify({ query });
    socket.write(withKey(`${POST}Content-Length: ${body.length}\r\n\r\n${body}`).repeat(90));
    await expect.poll(() => connections(impatient), { interval: 50 }).toBe(1);
    await expect.poll(() => connections(impatient), { interval: 100 }).toBe(0);
  });
});

const connections = ({ app }: Pick<ServedDatabase, "app"> = server) =>
  new Promise<number>((resolve) => {
    app.server.getConnections((_error, count) => resolve(count));
  });

describe("many connections", () => {
  test("a new client is served while idle connections without a request use up the limit", async () => {
    const crowd = Array.from({ length: 100 }, () => open());
    await Promise.all(crowd.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close")])));
    const answer = await sendRaw(server.port, `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(answer.status).toBe(200);
    expect(await connections()).toBeLessThanOrEqual(60);
  });

  test("a new client is served while idle connections after a request use up the limit", async () => {
    for (let n = 0; n < 100; n += 1) {
      const socket = open();
      socket.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`);
      await Promise.race([once(socket, "data"), once(socket, "close")]);
    }
    const answer = await sendRaw(server.port, `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}\r\n`);
    expect(answer.status).toBe(200);
  });

  test("300 pipelined requests are answered in order", async () => {
    const requests = Array.from({ length: 300 }, (_, n) => `GET /healthz HTTP/1.1\r\n${HOST}X-Request-ID: ${n}\r\n`);
    const { text } = await sendRaw(server.port, `${requests.join("\r\n")}${CLOSE}\r\n`);
    const ids = [...text.matchAll(/X-Request-ID: (\d+)/g)].map(([, id]) => Number(id));
    expect(ids).toEqual(requests.map((_, n) => n));
  });
});

test("connections remain for requests when LIVE_STREAMS streams are open", () => {
  const limitOf = (liveStreams: number) => connectionLimitsOf({ liveStreams, requestTimeoutMs: 1900 }).maxConnections;
  expect([limitOf(2000), limitOf(20_000)]).toEqual([5000, 25_000]);
});

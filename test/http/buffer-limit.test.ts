import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { createBufferLimit } from "../../src/http/response/buffer-limit.ts";
import { compressResponses } from "../../src/http/response/compression.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createLog } from "../../src/log.ts";

const MB = 1024 * 1024;
/** The kernel accepts some megabytes of a response even if the client never reads. */
const LARGE_BODY = "x".repeat(8 * MB);
const HOST = "Host: localhost\r\n";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Starts a server whose `/large` sends 8 MB and whose `/small` sends one word. */
async function serve(maxBytes: number) {
  let closedConnections = 0;
  const requests = { begun: 0, closed: 0 };
  const buffers = createBufferLimit({
    maxBytes,
    onClose: () => {
      closedConnections += 1;
    },
  });
  const app = express();
  app.use((_request, response, next) => {
    requests.begun += 1;
    response.once("close", () => {
      requests.closed += 1;
    });
    next();
  });
  app.use(compressResponses(buffers));
  app.get("/large", (_request, response) => void response.type("text/plain").end(LARGE_BODY));
  app.get("/never", () => {});
  app.get("/small", (_request, response) => void response.end("small"));
  app.post("/body", (request, response) => void request.on("end", () => response.end("read")).resume());
  const server = createHttpServer(app, {
    log: createLog("silent"),
    onRefusal: () => {},
    buffers,
    limits: { silenceTimeoutMs: 30_000 },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { buffers, port, url: `http://127.0.0.1:${port}`, requests, closedConnections: () => closedConnections };
}

/** Sends these bytes and never reads the response. */
function sendAndNeverRead(port: number, bytes: string): Socket {
  const socket = connect(port, "127.0.0.1").pause();
  socket.on("error", () => {});
  socket.write(bytes);
  closing.push(() => socket.destroy());
  return socket;
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition() && waited < 10_000; waited += 20) await sleep(20);
  expect(condition()).toBe(true);
}

const large = (more = "") => `GET /large HTTP/1.1\r\n${HOST}${more}\r\n`;

test("connections that read nothing are closed when their responses exceed the limit together, and other clients are served", async () => {
  const { buffers, port, url, closedConnections } = await serve(20 * MB);
  for (let n = 0; n < 6; n += 1) sendAndNeverRead(port, large());
  await until(() => closedConnections() > 0 && buffers.bufferedBytes <= 20 * MB);
  expect(buffers.bufferedBytes).toBeGreaterThan(0);
  const answer = await fetch(`${url}/large`, { headers: { "Accept-Encoding": "identity" } });
  expect((await answer.text()).length).toBe(8 * MB);
  expect(await (await fetch(`${url}/small`)).text()).toBe("small");
});

test("responses far above the limit are closed at once, even if they are younger than a second", async () => {
  const { buffers, port, closedConnections } = await serve(2 * MB);
  for (let n = 0; n < 10; n += 1) sendAndNeverRead(port, large());
  await until(() => closedConnections() >= 5);
  expect(buffers.bufferedBytes).toBeLessThanOrEqual(8 * MB);
});

test("the unread responses to pipelined requests count together", async () => {
  const { buffers, port, closedConnections } = await serve(2 * MB);
  sendAndNeverRead(port, large().repeat(20));
  await until(() => closedConnections() > 0);
  await until(() => buffers.bufferedBytes === 0);
  expect(closedConnections()).toBe(1);
});

test.each([
  ["waits for its handler", `GET /never HTTP/1.1\r\n${HOST}\r\n`],
  ["is not read", large()],
])("every pipelined response that %s is closed with its connection", async (_, request) => {
  const { buffers, port, requests } = await serve(100 * MB);
  const socket = sendAndNeverRead(port, request.repeat(5));
  await until(() => requests.begun === 5);
  socket.destroy();
  await until(() => requests.closed === 5);
  expect(buffers.bufferedBytes).toBe(0);
});

test.each(["gzip", "br"])(
  "the memory of the %s compressor counts while a slow client reads the response",
  async (encoding) => {
    const { buffers, port } = await serve(100 * MB);
    sendAndNeverRead(port, large(`Accept-Encoding: ${encoding}\r\n`));
    // The compressed text is small and is sent at once, so its count ends with the response.
    await until(() => buffers.bufferedBytes === 0);
    const held: number[] = [];
    const watch = setInterval(() => held.push(buffers.bufferedBytes), 1);
    for (let n = 0; n < 5; n += 1) sendAndNeverRead(port, large(`Accept-Encoding: ${encoding}\r\n`));
    await until(() => held.some((bytes) => bytes > 8 * MB));
    clearInterval(watch);
  },
);

test("connections with incomplete request bodies are closed when the bodies exceed the limit together", async () => {
  const { buffers, port, url, closedConnections } = await serve(MB);
  const body = `POST /body HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n${"x".repeat(1000)}`;
  sendAndNeverRead(port, body);
  await until(() => buffers.bufferedBytes === 100_000);
  for (let n = 0; n < 12; n += 1) sendAndNeverRead(port, body);
  await until(() => closedConnections() > 0);
  expect(buffers.bufferedBytes).toBeLessThanOrEqual(12 * 100_000);
  expect(await (await fetch(`${url}/body`, { method: "POST", body: "short" })).text()).toBe("read");
});

test("a connection with more than 500 unanswered requests is closed, and one with 500 is not", async () => {
  const { port, closedConnections } = await serve(MB);
  const waiting = `GET /never HTTP/1.1\r\n${HOST}\r\n`;
  sendAndNeverRead(port, waiting.repeat(500));
  await sleep(300);
  expect(closedConnections()).toBe(0);
  sendAndNeverRead(port, waiting.repeat(501));
  await until(() => closedConnections() === 1);
});

test("a response no longer counts after its client has read it", async () => {
  const { buffers, port } = await serve(100 * MB);
  const socket = sendAndNeverRead(port, large());
  await until(() => buffers.bufferedBytes > MB);
  socket.resume();
  await until(() => buffers.bufferedBytes === 0);
});

import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { createBufferLimit } from "../../src/http/response/buffer-limit.ts";
import { compressAnswers } from "../../src/http/response/compression.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createLog } from "../../src/log.ts";

const MB = 1024 * 1024;
/** The kernel accepts some megabytes of a response even if the client never reads. */
const ANSWER = "x".repeat(8 * MB);
const HOST = "Host: localhost\r\n";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A real server whose `/large` answers 8 MB and whose `/small` answers a word. */
async function serve(maxBytes: number) {
  let cuts = 0;
  const unread = createBufferLimit({
    maxBytes,
    onCut: () => {
      cuts += 1;
    },
  });
  const app = express();
  app.use(compressAnswers(unread));
  app.get("/large", (_request, response) => void response.type("text/plain").end(ANSWER));
  app.get("/never", () => {});
  app.get("/small", (_request, response) => void response.end("small"));
  app.post("/body", (request, response) => void request.on("end", () => response.end("read")).resume());
  const server = createHttpServer(
    app,
    { log: createLog("silent"), onRefusal: () => {}, unread },
    { silenceTimeoutMs: 30_000 },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { unread, port, url: `http://127.0.0.1:${port}`, cuts: () => cuts };
}

/** Sends the bytes and never reads. */
function neverRead(port: number, bytes: string): Socket {
  const socket = connect(port, "127.0.0.1").pause();
  socket.on("error", () => {});
  socket.write(bytes);
  closing.push(() => socket.destroy());
  return socket;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo() && waited < 10_000; waited += 20) await sleep(20);
  expect(isSo()).toBe(true);
}

const large = (more = "") => `GET /large HTTP/1.1\r\n${HOST}${more}\r\n`;

test("connections that read nothing are closed once they hold too much together, and other callers are answered", async () => {
  const { unread, port, url, cuts } = await serve(20 * MB);
  for (let n = 0; n < 6; n += 1) neverRead(port, large());
  await until(() => cuts() > 0 && unread.heldBytes <= 20 * MB);
  expect(unread.heldBytes).toBeGreaterThan(0);
  const answer = await fetch(`${url}/large`, { headers: { "Accept-Encoding": "identity" } });
  expect((await answer.text()).length).toBe(8 * MB);
  expect(await (await fetch(`${url}/small`)).text()).toBe("small");
});

test("a burst far beyond the limit is cut at once, however young the answers are", async () => {
  const { unread, port, cuts } = await serve(2 * MB);
  for (let n = 0; n < 10; n += 1) neverRead(port, large());
  await until(() => cuts() >= 5);
  expect(unread.heldBytes).toBeLessThanOrEqual(8 * MB);
});

test("many unread answers behind one another on one connection count together", async () => {
  const { unread, port, cuts } = await serve(2 * MB);
  neverRead(port, large().repeat(20));
  await until(() => cuts() > 0);
  await until(() => unread.heldBytes === 0);
});

test.each(["gzip", "br"])("an answer that %s holds for a slow reader counts with its compressor", async (encoding) => {
  const { unread, port } = await serve(100 * MB);
  neverRead(port, large(`Accept-Encoding: ${encoding}\r\n`));
  // The compressed text is small and is sent at once, so its count ends with the response.
  await until(() => unread.heldBytes === 0);
  const held: number[] = [];
  const watch = setInterval(() => held.push(unread.heldBytes), 1);
  for (let n = 0; n < 5; n += 1) neverRead(port, large(`Accept-Encoding: ${encoding}\r\n`));
  await until(() => held.some((bytes) => bytes > 8 * MB));
  clearInterval(watch);
});

test("bodies that never end are cut once they are too many, the oldest first", async () => {
  const { unread, port, url, cuts } = await serve(MB);
  const body = `POST /body HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n${"x".repeat(1000)}`;
  neverRead(port, body);
  await until(() => unread.heldBytes === 100_000);
  for (let n = 0; n < 12; n += 1) neverRead(port, body);
  await until(() => cuts() > 0);
  expect(unread.heldBytes).toBeLessThanOrEqual(12 * 100_000);
  expect(await (await fetch(`${url}/body`, { method: "POST", body: "short" })).text()).toBe("read");
});

test("a connection with more than 500 requests under way is closed, and one with 500 is not", async () => {
  const { port, cuts } = await serve(MB);
  const waiting = `GET /never HTTP/1.1\r\n${HOST}\r\n`;
  neverRead(port, waiting.repeat(500));
  await sleep(300);
  expect(cuts()).toBe(0);
  neverRead(port, waiting.repeat(501));
  await until(() => cuts() === 1);
});

test("a response no longer counts when its client has read it", async () => {
  const { unread, port } = await serve(100 * MB);
  const socket = neverRead(port, large());
  await until(() => unread.heldBytes > MB);
  socket.resume();
  await until(() => unread.heldBytes === 0);
});

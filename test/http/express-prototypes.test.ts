import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express, Router } from "express";
import { expect, test } from "vitest";
import { createHttpServer } from "../../src/http/server.ts";
import { createLog } from "../../src/log.ts";

/** Returns for the request and the response whether Express left its prototype unchanged. */
async function keepsPrototypes(createServerOf: (app: Express) => Server): Promise<boolean[]> {
  const app = express();
  const prototypesOf = (messages: object[]) => messages.map(Object.getPrototypeOf);
  let created: object[] = [];
  let handled: object[] = [];
  app.use(
    Router().get("/path", (request, response) => {
      handled = prototypesOf([request, response]);
      // `status` and `path` exist on Express' prototypes only.
      response.status(request.path === "/path" ? 204 : 500).end();
    }),
  );
  const server = createServerOf(app).prependListener("request", (...messages) => {
    created = prototypesOf(messages);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  expect((await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path`)).status).toBe(204);
  server.closeAllConnections();
  server.close();
  return created.map((prototype, index) => prototype === handled[index]);
}

test("Express replaces the prototypes of a plain server's messages, and keeps those of our server's messages", async () => {
  const options = { log: createLog("silent"), onRefusal: () => {}, limits: { silenceTimeoutMs: 1000 } };
  expect(await keepsPrototypes((app) => createHttpServer(app, options))).toEqual([true, true]);
  expect(await keepsPrototypes((app) => createServer(app))).toEqual([false, false]);
});

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express, Router } from "express";
import { expect, test } from "vitest";
import { createHttpServer } from "../../src/http/server.ts";
import { createLog } from "../../src/log.ts";

/** Whether a request and its response are, to Express' handlers, of the prototypes they were born with. */
async function keepsPrototypes(openServer: (app: Express) => Server): Promise<boolean[]> {
  const app = express();
  const prototypesOf = (messages: object[]) => messages.map(Object.getPrototypeOf);
  let born: object[] = [];
  let handled: object[] = [];
  app.use(
    Router().get("/path", (request, response) => {
      handled = prototypesOf([request, response]);
      // What only Express' own have.
      response.status(request.path === "/path" ? 204 : 500).end();
    }),
  );
  const server = openServer(app).prependListener("request", (...messages) => {
    born = prototypesOf(messages);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  expect((await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path`)).status).toBe(204);
  server.closeAllConnections();
  server.close();
  return born.map((prototype, index) => prototype === handled[index]);
}

test("Express finds its prototypes on our server's requests and responses, and changes none", async () => {
  const witnesses = { log: createLog("silent"), onRefusal: () => {} };
  expect(await keepsPrototypes((app) => createHttpServer(app, witnesses, { silenceTimeoutMs: 1000 }))).toEqual([
    true,
    true,
  ]);
  expect(await keepsPrototypes((app) => createServer(app))).toEqual([false, false]);
});

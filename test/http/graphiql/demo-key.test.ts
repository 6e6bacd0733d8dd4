import { createServer, get, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { text as readText } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { sendRaw } from "../../support/raw-request.ts";
import { sharedTestServer, startTestServer } from "../../support/test-server.ts";

const demo = { apiKey: "tj_the-demo-key", taskId: "5b1b796b-a9f2-4558-bba0-9167c3d51b36" };
const ORIGIN = "https://app.example.com";

const server = await sharedTestServer({ demo, environment: { CORS_ORIGINS: ORIGIN } });

interface RawGet {
  host?: string;
  headers?: string[];
  target?: string;
  version?: string;
}

async function getPage({ host = "localhost:4000", headers = [], target = "/graphiql", version = "1.1" }: RawGet) {
  const lines = [`GET ${target} HTTP/${version}`, `Host: ${host}`, "Connection: close", ...headers];
  return sendRaw(server.port, `${lines.join("\r\n")}\r\n\r\n`);
}

describe("the page of GraphiQL", () => {
  test.each([
    "localhost",
    "localhost:4000",
    "LocalHost:4000",
    "127.0.0.1",
    "127.0.0.1:65535",
    "127.8.9.10:80",
    "[::1]",
    "[::1]:4000",
  ])("the GraphiQL page contains the demo's key for the loopback name %s", async (host) => {
    const { status, text } = await getPage({ host });
    expect(status).toBe(200);
    expect(text).toContain(`data-api-key="${demo.apiKey}" data-task-id="${demo.taskId}"`);
  });

  test.each([
    "evil.example",
    "localhost.evil.com",
    "localhost.evil.com:4000",
    "evil.com#localhost",
    "localhost@evil.com",
    "127.0.0.1.nip.io",
    "127.0.0.1.nip.io:4000",
    "evil-127.0.0.1",
    "x.localhost",
    "localhost.",
    "127.0.0.1.",
    "127.1",
    "127.0.0.256",
    "2130706433",
    "0.0.0.0:4000",
    "[::]:4000",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]:4000",
    "192.168.1.20:4000",
    "localhost:4000:4000",
    "localhost:",
    "",
  ])("the GraphiQL page does not contain the demo's key or task for the Host %j", async (host) => {
    const { text } = await getPage({ host });
    expect(text).not.toContain(demo.apiKey);
    expect(text).not.toContain(demo.taskId);
  });

  test.each([
    "X-Forwarded-For: 203.0.113.7",
    "X-Forwarded-Host: demo.example.com",
    "x-forwarded-proto: https",
    "X-Forwarded-Prefix: /tj",
    "Forwarded: for=203.0.113.7",
    "Via: 1.1 proxy",
    "X-Real-IP: 203.0.113.7",
    "X-Original-Host: demo.example.com",
    "CF-Connecting-IP: 203.0.113.7",
    "CDN-Loop: cloudflare",
    "X-Forwarded-For:",
  ])("the GraphiQL page does not contain the demo's key when a proxy sends %s", async (header) => {
    expect((await getPage({ headers: [header] })).text).not.toContain(demo.apiKey);
  });

  test("the GraphiQL page does not contain the demo's key over HTTP/1.0, the default of nginx for its upstreams", async () => {
    expect((await getPage({ version: "1.0" })).text).not.toContain(demo.apiKey);
  });

  test("the GraphiQL page does not contain the demo's key when the request target names another authority", async () => {
    expect((await getPage({ target: "http://evil.example/graphiql" })).text).not.toContain(demo.apiKey);
  });

  test.each(["empty", "iframe", "script", "image", "object", "embed"])(
    "the GraphiQL page does not contain the demo's key for a browser's request with the destination %s",
    async (destination) => {
      expect((await getPage({ headers: [`Sec-Fetch-Dest: ${destination}`] })).text).not.toContain(demo.apiKey);
    },
  );

  test("a script of an origin in CORS_ORIGINS cannot read the GraphiQL page, which does not contain the demo's key then", async () => {
    const { status, head, text } = await getPage({ headers: [`Origin: ${ORIGIN}`] });
    expect(status).toBe(200);
    expect(text).not.toContain(demo.apiKey);
    expect(head.toLowerCase()).not.toContain("access-control-allow-origin");
  });

  test("another site can neither frame nor embed the GraphiQL page", async () => {
    const { head } = await getPage({});
    expect(head).toContain("frame-ancestors 'none'");
    expect(head).toContain("Cross-Origin-Resource-Policy: same-origin");
  });

  test("the GraphiQL page contains the demo's key after a click on a link of another site", async () => {
    const headers = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    expect((await getPage({ headers, target: "/graphiql?query=%7B__typename%7D" })).text).toContain(demo.apiKey);
  });

  test("the GraphiQL page does not contain the demo's key when TRUST_PROXY_HOPS is set", async () => {
    const behindProxy = await startTestServer({ demo, environment: { TRUST_PROXY_HOPS: "1" } });
    try {
      expect(await (await fetch(`${behindProxy.url}/graphiql`)).text()).not.toContain(demo.apiKey);
    } finally {
      await behindProxy.close();
    }
  });
});

async function pageWithForgedHost(host: string, port: number): Promise<string> {
  const headers = { Host: "localhost:4000" };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host, port, path: "/graphiql", headers }, resolve).on("error", reject);
  });
  return readText(response);
}

const outsideAddress = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

test.skipIf(outsideAddress === undefined)(
  "a connection that does not come over the loopback interface gets no demo key, whatever its Host header is",
  async () => {
    const [listener] = server.app.server.listeners("request") as [RequestListener];
    const outside = createServer(listener);
    await new Promise<void>((resolve) => outside.listen(0, "0.0.0.0", resolve));
    const { port } = outside.address() as AddressInfo;
    const pageAt = async (address: string) => (await fetch(`http://${address}:${port}/graphiql`)).text();
    try {
      expect(await pageAt("127.0.0.1")).toContain(demo.apiKey);
      expect(await pageAt(outsideAddress ?? "")).not.toContain(demo.apiKey);
      const forged = await pageWithForgedHost(outsideAddress ?? "", port);
      expect(forged).toContain("<!doctype html>");
      expect(forged).not.toContain(demo.apiKey);
    } finally {
      outside.close();
      outside.closeAllConnections();
    }
  },
);

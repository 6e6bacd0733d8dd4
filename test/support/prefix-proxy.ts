import { createServer, request as openRequest } from "node:http";
import type { AddressInfo } from "node:net";

/** A proxy that behaves like nginx with `location /tj/ { proxy_pass http://127.0.0.1:PORT/; }`. */
export async function openPrefixProxy(prefix: string, port: number) {
  const outsidePrefix: string[] = [];
  const server = createServer((request, response) => {
    const { url = "", method = "GET", headers } = request;
    if (!url.startsWith(`${prefix}/`)) {
      outsidePrefix.push(url);
      response.writeHead(404).end();
      return;
    }
    const options = {
      port,
      host: "127.0.0.1",
      method,
      path: url.slice(prefix.length),
      headers: { ...headers, "x-forwarded-for": "203.0.113.7" },
    };
    const upstream = openRequest(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    upstream.on("error", () => response.destroy());
    response.on("close", () => upstream.destroy());
    request.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Requests outside the prefix, which nginx would not send to this server. */
    outsidePrefix,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

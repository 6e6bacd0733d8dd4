import http from "node:http";

/** A minimal load balancer: it polls the readiness of every instance and forwards requests to those that are ready. */
export async function openBalancer() {
  const instances = new Map<string, { ready: boolean; agent: http.Agent }>();
  let forwarded = 0;

  const probing = setInterval(() => {
    for (const [origin, instance] of instances) {
      http
        .get(`${origin}/readyz`, { agent: false, timeout: 500 }, (response) => {
          instance.ready = response.resume().statusCode === 200;
        })
        .on("error", () => {
          instance.ready = false;
        });
    }
  }, 100);

  const server = http.createServer((request, response) => {
    const ready = [...instances].filter(([, instance]) => instance.ready);
    const [origin, instance] = ready[forwarded++ % ready.length] ?? [];
    if (origin === undefined || instance === undefined) return void response.writeHead(502).end("no instance is ready");
    const upstream = http.request(
      origin + request.url,
      { method: request.method ?? "GET", headers: request.headers, agent: instance.agent },
      (answer) => {
        // `Connection` is about the connection to the instance only, so do not forward it.
        const { connection: _connection, ...headers } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(response);
      },
    );
    upstream.on("error", (error) => response.writeHead(502).end(String(error)));
    request.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };

  return {
    url: `http://127.0.0.1:${port}`,
    add(origin: string) {
      instances.set(origin, { ready: false, agent: new http.Agent({ keepAlive: true }) });
    },
    remove(origin: string) {
      instances.get(origin)?.agent.destroy();
      instances.delete(origin);
    },
    isReady: (origin: string) => instances.get(origin)?.ready ?? false,
    close() {
      clearInterval(probing);
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

import net from "node:net";

interface Target {
  readonly host: string;
  readonly port: number;
}

type Mood = "forward" | "blackhole" | "refuse" | "hang up";

/** A TCP proxy between the server and its database, which simulates faults of the network. */
export async function openTcpProxy(target: Target, port = 0) {
  const sockets = new Set<net.Socket>();
  const state: { mood: Mood; connects: number; target: Target } = { mood: "forward", connects: 0, target };

  const server = net.createServer((client) => {
    state.connects += 1;
    sockets.add(client);
    client.on("close", () => sockets.delete(client)).on("error", () => {});
    if (state.mood === "hang up") client.end();
    else if (state.mood === "refuse") client.resetAndDestroy();
    else join(client, net.connect(state.target));
  });

  function join(client: net.Socket, upstream: net.Socket): void {
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.on("close", () => {
      sockets.delete(upstream);
      // Packets are dropped, so neither side is notified.
      if (state.mood !== "blackhole") client.destroy();
    });
    client.on("close", () => upstream.destroy());
    client.on("data", (chunk) => state.mood === "blackhole" || upstream.write(chunk));
    upstream.on("data", (chunk) => state.mood === "blackhole" || client.write(chunk));
  }

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

  return {
    port: (server.address() as net.AddressInfo).port,
    connects: () => state.connects,
    become(mood: Mood) {
      state.mood = mood;
      if (mood === "refuse" || mood === "hang up") for (const socket of sockets) socket.resetAndDestroy();
    },
    /** Changes the target, for a database that was restarted on another port. */
    leadTo(target: Target) {
      state.target = target;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";

function connect({ origin, path, headers }) {
  const { hostname, port } = new URL(origin);
  const socket = net.connect(Number(port), hostname);
  const lines = Object.entries({ Host: hostname, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => {});
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return socket;
}

export async function exportAndLeave(target, afterMs) {
  const socket = connect(target);
  await delay(afterMs);
  socket.destroy();
}

/** Reads an export slowly, and reconnects if the server ends the connection. */
export async function readSlowly(target, bytesPerSecond) {
  while (!target.isOver()) {
    const socket = connect(target);
    const wasRead = { bytes: 0 };
    while (!socket.closed && !target.isOver()) {
      const chunk = socket.read(bytesPerSecond / 4) ?? socket.read();
      if (chunk !== null && wasRead.bytes === 0) target.count(String(chunk).slice(9, 12));
      wasRead.bytes += chunk?.length ?? 0;
      await delay(250);
    }
    socket.destroy();
  }
}

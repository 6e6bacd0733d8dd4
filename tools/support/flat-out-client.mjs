import net from "node:net";

/**
 * Clients that each use one connection, send the next request as soon as the response has arrived, and reconnect when the
 * server closes the connection. A request counts as lost if it was sent and did not get a complete response.
 */
export function openFlatOutClients({ port, path, key, connections }) {
  const counts = { answers: 0, afterStop: 0, resets: 0, lost: 0, other: 0, refused: 0 };
  const faults = [];
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${key}\r\n\r\n`;
  let isStopping = false;
  let goesOn = true;

  const runs = Array.from({ length: connections }, async () => {
    while (goesOn && (await runConnection()) !== "refused");
  });

  /** Resolves when the connection is closed. */
  function runConnection() {
    return new Promise((resolve) => {
      const socket = net.connect(port, "127.0.0.1");
      let received = "";
      let isAsking = false;
      let isConnected = false;
      let error;
      const ask = () => {
        isAsking = true;
        socket.write(request);
      };
      socket.setNoDelay(true).setEncoding("latin1");
      socket.on("connect", () => {
        isConnected = true;
        ask();
      });
      socket.on("data", (chunk) => {
        received += chunk;
        const answer = wholeAnswer(received);
        if (answer === null) return;
        received = received.slice(answer.length);
        isAsking = false;
        counts.answers += 1;
        if (isStopping) counts.afterStop += 1;
        if (answer.status !== 200) {
          counts.other += 1;
          faults.push(`status ${answer.status}`);
        }
        if (answer.closes || !goesOn) socket.end();
        else ask();
      });
      socket.on("error", (thrown) => {
        error = thrown;
      });
      socket.on("close", () => {
        if (!isConnected && error?.code === "ECONNREFUSED") {
          counts.refused += 1;
          resolve("refused");
          return;
        }
        if (error?.code === "ECONNRESET" || error?.code === "EPIPE") counts.resets += 1;
        else if (isAsking) counts.lost += 1;
        if (isAsking || error !== undefined) faults.push(`${error?.code ?? "closed"} after ${received.length} bytes`);
        resolve("closed");
      });
    });
  }

  return {
    /** Counts all later responses as responses during a stop. */
    noteStop() {
      isStopping = true;
    },
    /** Resolves when every client was refused or has received its last response. */
    async end() {
      goesOn = false;
      await Promise.all(runs);
      return { ...counts, faults };
    },
  };
}

function wholeAnswer(text) {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return null;
  const head = text.slice(0, headEnd);
  const length = headEnd + 4 + Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  if (text.length < length) return null;
  return { status: Number(head.slice(9, 12)), closes: /^connection: close/im.test(head), length };
}

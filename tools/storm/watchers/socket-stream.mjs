import { WebSocket } from "ws";
import { SILENCE_MS } from "./event-stream.mjs";

/** The close codes of the client, of a server that stops, and of a broken connection. */
const BREAKS = [1000, 1001, 1006];
/** The close code of a server that cannot check the credential now, like the status 503. */
const TRY_AGAIN_LATER = 1013;

/**
 * Subscribes over a WebSocket connection of its own. The messages are the events of a stream of server-sent events.
 * @param {import("./event-stream.mjs").Server} server
 * @param {{ query: string, variables: object }} operation
 * @param {import("./event-stream.mjs").Listener} listener
 */
export function openSocketStream({ origin, key }, operation, { onEvent, onFailure }) {
  const socket = new WebSocket(`${origin.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  const end = (event) => {
    onEvent(event);
    socket.close(1000);
  };
  const receive = {
    connection_ack: () => send({ type: "subscribe", id: "1", payload: operation }),
    next: (data) => onEvent({ event: "next", data }),
    error: (errors) => end({ event: "next", data: { errors } }),
    complete: () => end({ event: "complete" }),
  };
  socket.on("upgrade", ({ socket: connection }) => {
    // The library removes the time limit while it opens the connection.
    socket.once("open", () => connection.setTimeout(SILENCE_MS, () => socket.terminate()));
  });
  socket.on("open", () => send({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }));
  socket.on("message", (text) => {
    const { type, payload } = JSON.parse(String(text));
    if (receive[type] === undefined) onFailure(`message ${type}`);
    else receive[type](payload);
  });
  socket.on("error", ({ message }) => {
    const [, status] = /^Unexpected server response: (\d+)$/.exec(message) ?? [];
    if (status !== undefined) onFailure(status);
  });
  const ended = new Promise((resolve) => {
    socket.once("close", (code) => {
      if (code === TRY_AGAIN_LATER) onFailure("503");
      else if (!BREAKS.includes(code)) onFailure(`close code ${code}`);
      resolve(null);
    });
  });
  return { ended, cut: () => socket.terminate(), pause: () => socket.pause(), resume: () => socket.resume() };
}

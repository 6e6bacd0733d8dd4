import http from "node:http";

/** The server sends a comment or a ping every 12 s. */
export const SILENCE_MS = 20_000;

/**
 * @typedef {object} Server
 * @property {string} origin
 * @property {string} key The API key of the watcher.
 *
 * @typedef {object} Listener
 * @property {(event: { event: string, data?: any, id?: string }) => void} onEvent The data is parsed.
 * @property {(code: string) => void} onFailure Called with the status of a refused request.
 */

/**
 * Requests a stream of server-sent events.
 * @param {Server} server
 * @param {{ method: string, path: string, headers?: Record<string, string>, body?: string }} watch
 * @param {Listener} listener
 */
export function openEventStream({ origin, key }, { method, path, headers, body }, { onEvent, onFailure }) {
  /** @type {http.IncomingMessage | null} */
  let incoming = null;
  const request = http.request(new URL(path, origin), {
    ...{ method, agent: false, timeout: SILENCE_MS },
    headers: { Authorization: `Bearer ${key}`, Accept: "text/event-stream", ...headers },
  });
  request.on("response", (response) => {
    incoming = response;
    const isStream = response.statusCode === 200;
    if (!isStream) onFailure(String(response.statusCode));
    let text = "";
    response.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        const event = parseEvent(text.slice(0, end));
        text = text.slice(end + 2);
        if (isStream && event !== null) onEvent(event);
      }
    });
    response.on("error", () => {});
  });
  request.on("timeout", () => request.destroy());
  request.on("error", () => {});
  const ended = new Promise((resolve) => request.on("close", resolve));
  request.end(body);
  return {
    ended,
    /** Disconnects as a broken network would. */
    cut: () => request.destroy(),
    pause: () => incoming?.pause(),
    resume: () => incoming?.resume(),
  };
}

/** Null for a comment. */
function parseEvent(block) {
  const fields = { event: "", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  const { event, data, ...id } = fields;
  if (event === "") return null;
  return data === "" ? { event } : { event, data: JSON.parse(data), ...id };
}

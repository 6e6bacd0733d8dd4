import { hash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Writes every request, response and fault as one line of JSON. A body that was written before is replaced by its hash,
 * because a minute of full pages would take half a gigabyte.
 */
export function openHistory(file) {
  const stream = createWriteStream(file);
  const startedAt = performance.now();
  const knownBodies = new Set();
  let requests = 0;

  function note(event) {
    const at = Math.round((performance.now() - startedAt) * 10) / 10;
    stream.write(`${JSON.stringify({ at, ...event })}\n`);
  }

  return {
    note,
    /** Returns the number that connects the response with this request. */
    noteRequest(request) {
      requests += 1;
      note({ event: "request", number: requests, ...request });
      return requests;
    },
    noteResponse(number, status, text) {
      const body = hash("sha1", text, "base64url");
      note({ event: "response", number, status, body, ...(knownBodies.has(body) ? {} : { text }) });
      knownBodies.add(body);
    },
    async close() {
      stream.end();
      await once(stream, "close");
    },
  };
}

export async function* readHistory(file) {
  for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.parse(line);
}

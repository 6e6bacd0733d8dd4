import { hash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

/**
 * Everything that was asked, answered and done to the server, one event a line, as it happened and with no judgement of
 * what it means. A body that came before is named by its hash: a minute of full pages would be half a gigabyte.
 */
export function openHistory(file) {
  const stream = createWriteStream(file);
  const startedAt = performance.now();
  const knownBodies = new Set();
  let asked = 0;

  function note(event) {
    const at = Math.round((performance.now() - startedAt) * 10) / 10;
    stream.write(`${JSON.stringify({ at, ...event })}\n`);
  }

  return {
    note,
    /** The number by which its end is told. */
    noteAsked(request) {
      asked += 1;
      note({ event: "asked", number: asked, ...request });
      return asked;
    },
    noteAnswered(number, status, text) {
      const body = hash("sha1", text, "base64url");
      note({ event: "answered", number, status, body, ...(knownBodies.has(body) ? {} : { text }) });
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

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** Whether lines end in CR alone, as old Mac programs write them. Line breaks in quotes do not count. */
export function hasCrLineEnds(head: string): boolean {
  let isQuoted = false;
  let lines = 0;
  for (let at = 0; at < head.length; at++) {
    const character = head[at];
    if (character === '"') isQuoted = !isQuoted;
    if (isQuoted) continue;
    if (character === "\n") return false;
    if (character !== "\r") continue;
    let end = at;
    while (head[end] === "\r") end++;
    if (head[end] === "\n") return false;
    // At the end of the head, the LF of a CRLF may not have been read yet.
    if (end < head.length || lines > 0) lines++;
    at = end - 1;
  }
  return lines > 0;
}

export async function* withLineFeeds(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.map((byte) => (byte === CARRIAGE_RETURN ? LINE_FEED : byte));
}

import net from "node:net";

const HEAD_END = "\r\n\r\n";

/**
 * A client that sends any bytes and reads HTTP/1.1 responses. Node's client refuses to send most of the requests that the
 * fuzzer generates.
 */
export function openConnection(port) {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
  let received = Buffer.alloc(0);
  let isClosed = false;
  let wake = () => {};

  socket.on("data", (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    wake();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
    wake();
  });

  /** Resolves to true if data or the end of the connection arrives in time. */
  function hasNews(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  return {
    isClosed: () => isClosed || socket.destroyed,
    send: (bytes) => socket.write(bytes),
    end: () => socket.end(),
    destroy: () => socket.destroy(),

    /** Resolves to null if the connection closes before the response is complete, and to undefined after `ms`. */
    async answer(ms, isHead = false) {
      const until = performance.now() + ms;
      for (;;) {
        const parsed = parseAnswer(received, { isHead, isClosed });
        if (parsed !== null) {
          received = received.subarray(parsed.length);
          return parsed.answer;
        }
        if (isClosed) return null;
        const left = until - performance.now();
        if (left <= 0 || !(await hasNews(left))) return undefined;
      }
    },
    unread: () => received,
  };
}

/** Returns null while the response is incomplete. Skips responses with a 1xx status. */
function parseAnswer(bytes, { isHead, isClosed }, from = 0) {
  const headEnd = bytes.indexOf(HEAD_END, from, "latin1");
  if (headEnd === -1) return null;
  const [statusLine, ...lines] = bytes.latin1Slice(from, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `)?.[1]);
  const bodyAt = headEnd + HEAD_END.length;
  if (status < 200) return parseAnswer(bytes, { isHead, isClosed }, bodyAt);

  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const isEmpty = isHead || status === 204 || status === 304;
  const body = parseBody(bytes, bodyAt, { headers, isEmpty, isClosed });
  if (body === null) return null;
  return { length: body.end, answer: { status, head: bytes.latin1Slice(from, headEnd), headers, body: body.content } };
}

function parseBody(bytes, at, { headers, isEmpty, isClosed }) {
  if (isEmpty) return { end: at, content: Buffer.alloc(0) };
  if (headers.get("transfer-encoding") === "chunked") return parseChunks(bytes, at);
  const announced = headers.get("content-length");
  if (announced === undefined) return isClosed ? { end: bytes.length, content: bytes.subarray(at) } : null;
  const end = at + Number(announced);
  return bytes.length < end ? null : { end, content: bytes.subarray(at, end) };
}

function parseChunks(bytes, start) {
  const chunks = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at, "latin1");
    if (lineEnd === -1) return null;
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (bytes.length < end) return null;
    if (size === 0) return { end, content: Buffer.concat(chunks) };
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}

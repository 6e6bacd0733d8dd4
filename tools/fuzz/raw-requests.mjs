import fc from "fast-check";
import { TASKS, VIEWERS } from "./data.mjs";

/** Bytes that are not one well-formed HTTP request. */
export function rawArbitrary(keys) {
  const path = `/api/v1/tasks/${TASKS[0].id}/jobs`;
  const key = `X-API-Key: ${keys.owner}`;
  const get = (...lines) => [`GET ${path}?limit=2 HTTP/1.1`, "Host: x", key, ...lines, "", ""].join("\r\n");
  const hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const query = JSON.stringify({ query: "{__typename}" });
  const post = (lines, body) =>
    ["POST /graphql HTTP/1.1", "Host: x", key, "Content-Type: application/json", ...lines, "", body].join("\r\n");
  const length = `Content-Length: ${query.length}`;

  /** Each of these may get one response; a second one would answer a smuggled request. */
  const templates = fc.constantFrom(
    ...[
      post([length, "Transfer-Encoding: chunked"], `0\r\n\r\n${hidden}`),
      post(["Transfer-Encoding: chunked", length], `0\r\n\r\n${hidden}`),
      post(["Content-Length: 0", length], query),
      post([`${length}, ${query.length}`], query),
      post(["Transfer-Encoding: xchunked"], `0\r\n\r\n${hidden}`),
      post(["Transfer-Encoding: chunked, identity"], `0\r\n\r\n${hidden}`),
      post(["Transfer-Encoding : chunked"], `0\r\n\r\n${hidden}`),
      post(["Transfer-Encoding:\u000bchunked"], `0\r\n\r\n${hidden}`),
      post(["Content-Length: -1"], query),
      post(["Content-Length: +28"], query),
      post(["Content-Length: 0x1c"], query),
      post(["Content-Length: 99999999999999999999"], query),
      post(["Transfer-Encoding: chunked"], `-1\r\n${query}\r\n0\r\n\r\n`),
      post(["Transfer-Encoding: chunked"], `ffffffffffffffffff\r\n${query}`),
      post(["Transfer-Encoding: chunked"], `1;${"x".repeat(20_000)}\r\n{\r\n0\r\n\r\n`),
      post(["Transfer-Encoding: chunked"], `${query.length.toString(16)}\n${query}\n0\n\n`),
      post(["Content-Encoding: br", length], query),
      post(["Content-Encoding: gzip", length], query),
      post(["Content-Encoding: gzip, gzip", length], query),
      post(["Expect: 100-continue", length], query),
      post(["Expect: something", length], query),
      get("X-A: 1\nX-B: 2"),
      get(" folded: 1"),
      get("X-A: a\u0000b"),
      get("X-A: a\u0001b"),
      get("X A: 1"),
      get(": 1"),
      get("no colon"),
      get("Host: y"),
      get(`X-API-Key: ${keys.admin}`),
      get(`X-Long: ${"x".repeat(20_000)}`),
      get(...Array.from({ length: 2500 }, (_, n) => `a${n}: 1`)),
      get("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13"),
      get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"),
      get().replace("HTTP/1.1", "HTTP/1.0"),
      get().replace("HTTP/1.1", "HTTP/2.0"),
      get().replace("HTTP/1.1", "HTTP/9.9"),
      get().replace("HTTP/1.1", "FTP/1.1"),
      get().replace(" HTTP/1.1", ""),
      get().replace("GET ", "GETS "),
      get().replace("GET ", "get "),
      get().replace("GET ", "GET  "),
      get().replace("GET ", "CONNECT "),
      get().replace(path, "*"),
      get().replace(path, `/${"x".repeat(20_000)}`),
      get().replace(path, `/api/v1/tasks/${"-".repeat(7000)}/x`),
      get().replace(path, `http://[/${path}`),
      get().replace(path, `http://a:99999${path}`),
      get().replace(path, `http://user:pass@a%20b${path}`),
      get().replace(path, `//[${path}`),
      get().replace(path, `\\\\${path}`),
      get().replace(path, `${path}#fragment`),
      get().replace(path, "/api/v1/tasks/%E0%A4%A/jobs"),
      get().replace(path, "/%"),
      get().replace(path, "/graphql?query=%7B__typename%7D&query=%7B__typename%7D"),
      get().replace(path, "/graphql?query=%E0%A4%A"),
      get().replace(path, "/graphql?variables=%7B"),
      get().replace(path, "/graphiql/../../../../etc/passwd"),
      get().replace(path, "/graphiql/assets/..%2f..%2f..%2fpackage.json"),
      get().replace(path, "/graphiql/%00"),
      get().replace("Host: x\r\n", ""),
      get().replaceAll("\r\n", "\n"),
      get().replaceAll("\r\n", "\r"),
      `\r\n\r\n${get()}`,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001",
      "\r\n",
      "",
    ].map((text) => Buffer.from(text, "latin1")),
  );

  const whole = fc.constantFrom(get(), post([length], query)).map((text) => Buffer.from(text, "latin1"));
  const damage = fc.record({
    kind: fc.constantFrom("cut", "flip", "insert", "double"),
    at: fc.nat({ max: 999 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  });
  const damaged = fc
    .tuple(whole, fc.array(damage, { minLength: 1, maxLength: 4 }))
    .map(([bytes, damages]) => damages.reduce(spoil, bytes));

  return fc
    .oneof(
      { weight: 5, arbitrary: templates.map((bytes) => ({ bytes, maxAnswers: 1 })) },
      { weight: 4, arbitrary: damaged.map((bytes) => ({ bytes, maxAnswers: Number.POSITIVE_INFINITY })) },
      {
        weight: 1,
        arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ bytes: Buffer.from(bytes), maxAnswers: 2 })),
      },
    )
    .map(({ bytes, maxAnswers }) => ({
      kind: "raw",
      bytes,
      maxAnswers,
      viewer: VIEWERS.owner,
      sent: [],
      judge: ({ text }) =>
        text === "" || text.startsWith("{") || text.startsWith("<!") ? null : "neither JSON nor the GraphiQL page",
    }));
}

function spoil(bytes, { kind, at, bytes: junk }) {
  const from = Math.floor((at / 1000) * bytes.length);
  const [before, after] = [bytes.subarray(0, from), bytes.subarray(from)];
  if (kind === "cut") return Buffer.concat([before, after.subarray(junk.length)]);
  if (kind === "insert") return Buffer.concat([before, junk, after]);
  if (kind === "double") return Buffer.concat([before, after.subarray(0, junk[0]), after]);
  return Buffer.concat([
    before,
    Buffer.from(after.subarray(0, junk.length).map((byte, n) => byte ^ junk[n])),
    after.subarray(junk.length),
  ]);
}

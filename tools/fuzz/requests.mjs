import fc from "fast-check";
import { hostileText } from "./hostile-values.mjs";

/** Converts a text to a valid header value. */
const headerText = (text) =>
  Buffer.from(text)
    .toString("latin1")
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, "?")
    .slice(0, 2000);

const line = (name, value) => fc.tuple(fc.constant(name), value);
const hostileValue = hostileText.map(headerText);

/** Headers that must change neither the viewer nor the response. */
const otherLine = fc.oneof(
  line("X-Request-ID", fc.oneof(hostileValue, fc.constantFrom("fuzz-1", "a".repeat(128), "a".repeat(129), "a.b_c-D"))),
  line("X-Forwarded-For", fc.oneof(hostileValue, fc.constantFrom("127.0.0.1", "::1", "1.2.3.4, 5.6.7.8"))),
  line("X-Role", fc.constant("admin")),
  line("X-User-Id", fc.constant("00000003-0000-4000-b000-000000000000")),
  line("X-HTTP-Method-Override", fc.constant("DELETE")),
  line("X-Original-URL", fc.constant("/metrics")),
  line("Cookie", hostileValue),
  line("Origin", fc.constantFrom("null", "https://evil.example")),
  line("Referer", hostileValue),
  line("User-Agent", hostileValue),
  line("If-None-Match", fc.oneof(hostileValue, fc.constantFrom('"x"', 'W/"x", "y"'))),
  line("Range", fc.constantFrom("bytes=0-1", "bytes=9-", "rows=0-")),
  line("Accept-Encoding", fc.constantFrom("gzip", "br", "deflate", "identity;q=0", "gzip, br;q=0.1", "*")),
  line("Accept-Language", hostileValue),
  line("Cache-Control", fc.constantFrom("no-cache", "max-age=0")),
  line("Upgrade", fc.constantFrom("websocket", "h2c")),
  line("__proto__", hostileValue),
  line("constructor", hostileValue),
);

export const otherHeaders = fc
  .oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: fc.array(otherLine, { maxLength: 3 }) })
  .map((headers) => ({ headers, sent: headers.map(([, value]) => value) }));

const accept = (json, ...values) => fc.constantFrom(...values).map((value) => ({ json, headers: [["Accept", value]] }));

/** Accept headers. `json` is whether the header allows JSON, or null if that is unknown. */
export const acceptHeaders = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ json: true, headers: [] }) },
  {
    weight: 4,
    arbitrary: accept(
      true,
      "*/*",
      "application/json",
      "application/*",
      "text/html, */*;q=0.1",
      "application/json;q=0.1",
    ),
  },
  { weight: 1, arbitrary: accept(false, "image/png", "text/html", "application/xml", "text/*") },
  { weight: 1, arbitrary: hostileValue.map((value) => ({ json: null, headers: [["Accept", value]] })) },
);

/**
 * One well-formed HTTP request and the function that checks its response. `sent` lists the texts in it before encoding, which
 * error messages may repeat.
 */
export function testCase({ kind, method, target, headers, body = null, viewer, sent, judge, mayBeBusy = false }) {
  const content = body === null ? null : Buffer.from(body);
  const lines = [["Host", "127.0.0.1"], ...headers];
  if (content !== null) lines.push(["Content-Length", String(content.length)]);
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return {
    kind,
    request: { method, target, headers: lines, body: content },
    bytes: content === null ? Buffer.from(head, "latin1") : Buffer.concat([Buffer.from(head, "latin1"), content]),
    headLength: head.length,
    viewer,
    sent,
    judge,
    mayBeBusy,
  };
}

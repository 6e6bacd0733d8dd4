const MAX_LINE_BYTES = 4096;
const MAX_EXAMPLES = 5;
/** No address, no key, no token, no statement; but what a caller chose as its own request id. */
const PRIVATE = /[\w.]@\w|\btj_|\beyJ|Bearer|select |insert |params/i;
const REQUEST_ID = /"requestId":"[^"]*"/;

/** Reads a server's log along: every line is JSON, short, tells nothing private, and none is an unexpected error. */
export function openLogWatch() {
  const found = [];
  let lines = 0;

  function fault(what, line) {
    if (found.length < MAX_EXAMPLES) found.push(`${what} in the log: ${line.slice(0, 500)}`);
  }

  return {
    see(line) {
      lines += 1;
      if (Buffer.byteLength(line) > MAX_LINE_BYTES) fault("a long line", line);
      else if (PRIVATE.test(line.replace(REQUEST_ID, ""))) fault("something private", line);
      else if (!line.startsWith("{") || line.includes('"level":50')) fault("an error", line);
    },
    lines: () => lines,
    faults: () => found,
  };
}

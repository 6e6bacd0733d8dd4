const MAX_LINE_BYTES = 4096;
const MAX_EXAMPLES = 5;
/** Email addresses, keys, tokens and SQL, which no log line may contain. Request ids are ignored: callers choose them. */
const PRIVATE = /[\w.]@\w|\btj_|\beyJ|Bearer|select |insert |params/i;
const REQUEST_ID = /"requestId":"[^"]*"/;

/** Checks each line of a server's log: it is short JSON without private data, and not an unexpected error. */
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

import type { ImportProgress } from "../import/import-batch.ts";
import { pluralize } from "../values/pluralize.ts";

const BAR_CHARS = 30;
const REDRAW_MS = 100;
/** Shorter intervals would fill a log, and longer silence would look like a hang. */
const LINE_MS = 5_000;

interface Progress {
  readonly phase: ImportProgress["phase"] | "exporting" | "verifying" | "deleting";
  readonly rows: number;
  readonly bytes: number;
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Shows progress as a bar on a terminal and as plain lines elsewhere. `expected` is the number of bytes of an import, of rows
 * of an export or of jobs of a verifier, and null if it is unknown, as for standard input.
 */
export function openProgress(output: ProgressOutput, expected: number | null, now = () => performance.now()) {
  const isTerminal = output.isTTY === true;
  let last: Progress | null = null;
  let shown: Progress | null = null;
  let shownAt = isTerminal ? Number.NEGATIVE_INFINITY : now();
  let rowsRead = 0;

  const show = (done: Progress) => {
    const total = done.phase === "storing" ? rowsRead : expected;
    const part = done.phase === "reading" ? done.bytes : done.rows;
    const share = total === null || total === 0 ? null : Math.min(1, part / total);
    const text = describe(done, share);
    output.write(isTerminal ? `\r\x1b[K${share === null ? "" : `${bar(share)} `}${text}` : `${text}\n`);
    shown = done;
    shownAt = now();
  };
  return {
    update(done: Progress): void {
      if (done.phase === "reading") rowsRead = done.rows;
      last = done;
      if (now() - shownAt >= (isTerminal ? REDRAW_MS : LINE_MS)) show(done);
    },
    /** Prints a message on a line of its own, and the progress again after it. */
    say(text: string): void {
      output.write(isTerminal ? `\r\x1b[K${text}\n` : `${text}\n`);
      shown = null;
    },
    /** Shows the last update and ends the line. */
    close(): void {
      if (last !== null && last !== shown) show(last);
      if (isTerminal && shown !== null) output.write("\n");
    },
  };
}

function describe(done: Progress, share: number | null): string {
  const percent = share === null ? "" : `, ${Math.floor(share * 100)} %`;
  const noun = done.phase === "verifying" || done.phase === "deleting" ? "job" : "row";
  return `${done.phase}: ${pluralize(done.rows, noun)}${percent}`;
}

function bar(share: number): string {
  const filled = Math.floor(share * BAR_CHARS);
  return `[${"#".repeat(filled)}${".".repeat(BAR_CHARS - filled)}]`;
}

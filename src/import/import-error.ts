import { printable } from "../values/printable.ts";

/** Describes a fault in the imported file to the user. The message never contains e-mail addresses, because it may be logged. */
export class ImportError extends Error {
  override readonly name = "ImportError";
  readonly fileName: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly reason: string;

  constructor(fault: { fileName: string; line?: number | null; column?: string | null; reason: string }) {
    const file = fault.fileName === "-" ? "standard input" : fault.fileName;
    const place = fault.line == null ? file : `${file}:${fault.line}`;
    super(printable(`${place}: ${fault.column == null ? "" : `${fault.column}: `}${fault.reason}`));
    this.fileName = fault.fileName;
    this.line = fault.line ?? null;
    this.column = fault.column ?? null;
    this.reason = fault.reason;
  }
}

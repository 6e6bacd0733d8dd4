import { printable } from "../values/printable.ts";

interface ImportFault {
  fileName: string;
  line?: number | null;
  column?: string | null;
  reason: string;
}

/** Describes a fault in the imported file to the user. The message never contains email addresses, because it may be logged. */
export class ImportError extends Error {
  override readonly name: string = "ImportError";
  readonly fileName: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly reason: string;

  constructor(fault: ImportFault) {
    const file = fault.fileName === "-" ? "standard input" : fault.fileName;
    const place = fault.line == null ? file : `${file}:${fault.line}`;
    super(printable(`${place}: ${fault.column == null ? "" : `${fault.column}: `}${fault.reason}`));
    this.fileName = fault.fileName;
    this.line = fault.line ?? null;
    this.column = fault.column ?? null;
    this.reason = fault.reason;
  }
}

/** The columns of the file belong to no known format. `names` can be shown on a terminal. */
export class UnknownColumnsError extends ImportError {
  override readonly name = "UnknownColumnsError";
  readonly names: readonly string[];

  constructor({ names, ...place }: Omit<ImportFault, "reason"> & { readonly names: readonly string[] }) {
    const list = names.filter((name) => name !== "").join(", ");
    const reason = `the format of the file is not known: email or status is missing in the header, which contains: ${list}`;
    super({ ...place, reason });
    this.names = names;
  }
}

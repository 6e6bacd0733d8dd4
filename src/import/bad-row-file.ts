import { closeSync, openSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
import type { BadRowSink } from "./import-batch.ts";
import { ImportError } from "./import-error.ts";

const BUFFER_CHARS = 65_536;

/** The file contains email addresses, so only its owner may read it, whatever the umask is. */
const FILE_MODE = 0o600;

/**
 * Creates `batch.bad.csv` next to `batch.csv` at the first bad row. It never overwrites a file, because a user may be
 * repairing its rows, so the next name is `batch.bad.2.csv`.
 */
export function openBadRowFile(fileName: string) {
  let path: string | null = null;
  let descriptor: number | null = null;
  let buffer = "";
  const flush = () => {
    if (descriptor === null || path === null) return;
    try {
      writeFileSync(descriptor, buffer);
    } catch (error) {
      throw notWritable(path, error);
    }
    buffer = "";
  };
  const sink: BadRowSink = {
    write(line, format) {
      if (descriptor === null) ({ path, descriptor } = createBeside(fileName, format));
      buffer += `${line}\n`;
      if (buffer.length >= BUFFER_CHARS) flush();
    },
    flush,
  };
  return {
    sink,
    /** Null until the first bad row. */
    path: () => path,
    close() {
      try {
        flush();
      } finally {
        if (descriptor !== null) closeSync(descriptor);
        descriptor = null;
      }
    },
  };
}

function createBeside(fileName: string, extension: string) {
  const { dir, name } = fileName === "-" ? { dir: "", name: "stdin" } : parse(fileName);
  for (let attempt = 1; ; attempt++) {
    const path = join(dir, `${name}.bad${attempt === 1 ? "" : `.${attempt}`}.${extension}`);
    try {
      return { path, descriptor: openSync(path, "wx", FILE_MODE) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw notWritable(path, error);
    }
  }
}

function notWritable(fileName: string, error: unknown): ImportError {
  return new ImportError({ fileName, reason: `cannot be written (${(error as NodeJS.ErrnoException).code})` });
}

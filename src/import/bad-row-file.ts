import { closeSync, openSync, writeSync } from "node:fs";
import { join, parse } from "node:path";
import type { BadRowSink } from "./import-batch.ts";

const BUFFER_CHARS = 65_536;

/** Addresses are in it: for the owner's eyes, whatever the umask. */
const FILE_MODE = 0o600;

/**
 * A file beside the imported one, made at the first bad row: `batch.bad.csv`, or `batch.bad.2.csv` where that is there
 * already, for somebody may be repairing its rows. Standard input's is made in the working directory.
 */
export function openBadRowFile(fileName: string) {
  let path: string | null = null;
  let descriptor: number | null = null;
  let buffer = "";
  const flush = () => {
    if (descriptor !== null) writeSync(descriptor, buffer);
    buffer = "";
  };
  const sink: BadRowSink = {
    write(line, format) {
      if (descriptor === null) ({ path, descriptor } = createBeside(fileName, format));
      buffer += `${line}\n`;
      if (buffer.length >= BUFFER_CHARS) flush();
    },
  };
  return {
    sink,
    /** Null as long as no row was bad. */
    path: () => path,
    close() {
      flush();
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
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
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

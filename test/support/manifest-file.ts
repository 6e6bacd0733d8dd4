import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll } from "vitest";

/** Returns a function that writes a manifest of trusted documents. The files are deleted after the tests of the file. */
export function manifestFiles() {
  mkdirSync(".artifacts", { recursive: true });
  const directory = mkdtempSync(join(".artifacts", "manifests-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  return (content: object | string | Buffer): string => {
    const file = resolve(directory, `${randomUUID()}.json`);
    const isText = typeof content === "string" || Buffer.isBuffer(content);
    writeFileSync(file, isText ? content : JSON.stringify(content));
    return file;
  };
}

import { readFileSync } from "node:fs";

/** `src` and `dist` lie beside package.json. */
const PACKAGE_FILE = new URL("../../package.json", import.meta.url);

let version: string | undefined;

/** The version in package.json. The first call reads the file. */
export function programVersion(): string {
  version ??= (JSON.parse(readFileSync(PACKAGE_FILE, "utf8")) as { readonly version: string }).version;
  return version;
}

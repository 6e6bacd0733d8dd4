import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The driver as it came from npm: the repairs undone on a copy, in the build that is imported. */
export function copyUnrepairedDriver(to: string): void {
  cpSync("node_modules/postgres", to, { recursive: true });
  change(join(to, "src/index.js"), (text) => text.replace("  isRepaired: true,\n", ""));
  change(join(to, "src/connection.js"), (text) =>
    text
      .replace("    rows = 0\n    connectTimer.cancel()", "    connectTimer.cancel()")
      .replace("    chunk = nextWriteTimer = null\n    socket.removeListener", "    socket.removeListener")
      .replace("if (query || sent.length) error(", "!hadError && (query || sent.length) && error(")
      .replace(/(type = types\[i\]\n\s+)(x = type in)/, "$1parameters[i] = $2")
      .replace(
        /if \(sent\.length\) \{\s+query = sent\.shift\(\)\s+query\.active = true\s+query\.cancelled && (.*)\n\s+\}/,
        "while (sent.length && (query = sent.shift()) && (query.active = true, query.cancelled))\n      $1",
      ),
  );
}

function change(file: string, work: (text: string) => string): void {
  writeFileSync(file, work(readFileSync(file, "utf8")));
}

// npm run fuzz -- [--campaign conversations|execution] [the campaign's own options]
// Exit code 1 when something was wrong. docs/decisions/fuzzing.md says what that is.
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { campaign: { type: "string" } }, strict: false });
const { campaign = "conversations" } = values;
if (campaign === "conversations") await import("./conversations.mjs");
else if (campaign === "execution") await import("./execution/run.mjs");
else {
  process.stderr.write("usage: npm run fuzz -- [--campaign conversations|execution] [--seed 1] [--count 100000]\n");
  process.exitCode = 2;
}

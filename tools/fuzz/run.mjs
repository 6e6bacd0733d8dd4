// npm run fuzz -- [--campaign http|execution] [the campaign's own options]
// The exit code is 1 if a response is wrong, see docs/decisions/fuzzing.md.
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { campaign: { type: "string" } }, strict: false });
const { campaign = "http" } = values;
if (campaign === "http") await import("./http-campaign.mjs");
else if (campaign === "execution") await import("./execution/run.mjs");
else {
  process.stderr.write("usage: npm run fuzz -- [--campaign http|execution] [--seed 1] [--count 100000]\n");
  process.exitCode = 2;
}

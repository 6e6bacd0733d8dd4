import { readdirSync, readFileSync } from "node:fs";

/** Smaller shares come and go from run to run. */
const LEAST_SHARE = 0.005;

/** Prints who the CPU time of our server went to, by package and by room of src, from all profiles in the directory. */
export function printProfile(directory) {
  const microseconds = new Map();
  for (const file of readdirSync(directory).filter((name) => name.endsWith(".cpuprofile"))) {
    addProfile(microseconds, JSON.parse(readFileSync(`${directory}/${file}`, "utf8")));
  }
  const total = [...microseconds.values()].reduce((sum, time) => sum + time, 0);
  const shares = [...microseconds].map(([owner, time]) => [owner, time / total]);
  console.log("\nSelf time of our server, start and warm-up included, idle left out:");
  for (const [owner, share] of shares.sort(([, one], [, other]) => other - one)) {
    if (share >= LEAST_SHARE) console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${owner}`);
  }
}

function addProfile(microseconds, { nodes, samples, timeDeltas }) {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map(nodes.map(({ id }) => [id, ownerOf(id, byId, parents)]));
  for (const [index, id] of samples.entries()) {
    const owner = owners.get(id);
    if (owner !== null) microseconds.set(owner, (microseconds.get(owner) ?? 0) + timeDeltas[index]);
  }
}

/** Native code is its nearest JavaScript caller's. Null for idle. */
function ownerOf(id, byId, parents) {
  const { functionName } = byId.get(id).callFrame;
  if (functionName === "(idle)") return null;
  if (functionName === "(garbage collector)") return "garbage collection";
  for (let at = id; at !== undefined; at = parents.get(at)) {
    const { scriptId, url } = byId.get(at).callFrame;
    if (url !== "") return placeOf(url);
    // A script without an address was compiled by the program itself.
    if (Number(scriptId) > 0) return "compiled queries (graphql-jit)";
  }
  return "V8 itself, and what it does between calls";
}

function placeOf(url) {
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (name !== undefined) return name;
  if (url.startsWith("node:")) return url.replace(/^node:internal\/([^/]+).*$/, "node:$1");
  const room = /\/dist\/(?:([^/]+)\/)?[^/]+$/.exec(url);
  return room === null ? "other" : `src/${room[1] ?? ""}`;
}

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (file: string) => readFileSync(file, "utf8");
const scaled = read("compose.scale.yaml");
const manual = read("docs/operating.md");

/** The settings that `src/config.ts` reads. */
const settings = [...read("src/config.ts").matchAll(/(?:read\.\w+\(|environment\.)"?([A-Z][A-Z_]+)/g)].map(
  ([, name = ""]) => name,
);

/** The blocks of a compose file, such as `server-1` or `x-server`, that build the image of this repository. */
function ownBlocks(text: string): string[] {
  return text
    .split(/^(?=\S)/m)
    .flatMap((section) => (section.startsWith("services:") ? section.split(/^(?= {2}\S)/m) : section))
    .filter((block) => /^ +build: \.$/m.test(block));
}

function environmentOf(block: string): string[] {
  const [, lines = ""] = /^ +environment:\n((?: {4,}[^\n]*\n)*)/m.exec(block) ?? [];
  return [...lines.matchAll(/^ +([A-Z][A-Z_]*):/gm)].map(([, name = ""]) => name);
}

test.each([
  ["compose.yaml", 1],
  ["compose.scale.yaml", 2],
])("%s sets only environment variables that the server reads", (file, count) => {
  const blocks = ownBlocks(read(file));
  expect(blocks).toHaveLength(count);
  const named = blocks.flatMap(environmentOf);
  expect(named).toContain("DATABASE_URL");
  expect(named.filter((name) => !settings.includes(name))).toEqual([]);
});

test("a variable of a service that the server does not read is found", () => {
  const shared = "x-a: &a\n  build: .\n  environment:\n    HOTS: 1\n";
  const service =
    "  a:\n    build: .\n    environment:\n      PORT: 1\n      PROT: 2\n  b:\n    environment:\n      C: 3\n";
  expect(ownBlocks(`${shared}services:\n${service}`).flatMap(environmentOf)).toEqual(["HOTS", "PORT", "PROT"]);
});

test("the load balancer names the servers of compose.scale.yaml", () => {
  const balanced = [...read("deploy/nginx.conf").matchAll(/^ +server ([\w-]+):4000;/gm)].map(([, name]) => name);
  expect(balanced).toEqual([...scaled.matchAll(/^ {2}([\w-]+): \*server$/gm)].map(([, name]) => name));
  expect(balanced).toHaveLength(2);
});

test("every file that compose.scale.yaml mounts or runs from deploy/ exists", () => {
  const files = [...scaled.matchAll(/(?<=[ =/])deploy\/([\w.-]+)|dockerfile: (\S+)/g)].map(
    ([, one, other]) => one ?? other,
  );
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) expect(read(`deploy/${file}`)).not.toBe("");
});

test("PgBouncer ignores the start-up parameters that docs/operating.md lists, and the role has the settings instead", () => {
  const parameters = (text: string) => /^ *ignore_startup_parameters = (\S+)/m.exec(text)?.[1];
  expect(parameters(read("deploy/pgbouncer.ini"))).toBe(parameters(manual));

  const statements = (text: string) =>
    [...text.matchAll(/^ *((?:grant|alter role server set) (?!default_transaction)[^;]*);/gm)].map(([, sql]) => sql);
  const granted = statements(read("deploy/grant-rights.sql"));
  expect(granted).toHaveLength(9);
  expect(statements(manual)).toEqual(expect.arrayContaining(granted));
});

/** The blocks of a compose file that start a container, with the text of the blocks that they merge. */
function containersOf(text: string): { name: string; text: string }[] {
  const blocks = text
    .split(/^(?=\S)/m)
    .flatMap((section) => (section.startsWith("services:") ? section.split(/^(?= {2}\w)/m).slice(1) : section));
  const anchors = new Map(blocks.map((block) => [/^ *[\w-]+: &([\w-]+)/.exec(block)?.[1], block]));
  const merged = (block: string): string =>
    block +
    [...block.matchAll(/(?:<<|^ {2}[\w-]+): \*([\w-]+)/gm)].map(([, name]) => merged(anchors.get(name) ?? "")).join("");
  return blocks
    .filter((block) => /^ {2}\w/.test(block))
    .map((block) => ({ name: block.trim().split(":")[0] ?? "", text: merged(block) }))
    .filter((block) => /^ +(image|build):/m.test(block.text));
}

const HARDENING = [
  /^ +read_only: true$/m,
  /^ +cap_drop: \[ALL\]$/m,
  /^ +security_opt: \["no-new-privileges:true"\]$/m,
  /^ +mem_limit: \d/m,
  /^ +pids_limit: \d/m,
  /^ +tmpfs: \[\/tmp/m,
];
const softSpots = (text: string) =>
  containersOf(text)
    .filter((container) => HARDENING.some((line) => !line.test(container.text)))
    .map(({ name }) => name);

test.each([
  ["compose.yaml", ["database", "server"]],
  ["compose.scale.yaml", ["primary", "standby", "migrate", "grants", "pgbouncer", "server-1", "server-2", "balancer"]],
])("every container of %s has no capabilities, a read-only file system and limits", (file, names) => {
  expect(containersOf(read(file)).map(({ name }) => name)).toEqual(names);
  expect(softSpots(read(file))).toEqual([]);
});

test("a container without hardening is found", () => {
  expect(softSpots("services:\n  a:\n    image: x\n    read_only: true\n")).toEqual(["a"]);
});

test("no container runs as root, and the server of compose.yaml is no superuser", () => {
  const dockerfiles = ["Dockerfile", "deploy/pgbouncer.Dockerfile"].map(read);
  expect(dockerfiles.map((text) => /^USER (\w+)$/m.exec(text)?.[1])).toEqual(["node", "postgres"]);
  for (const file of ["compose.yaml", "compose.scale.yaml"]) {
    for (const { text } of containersOf(read(file)).filter((container) => !/^ +build:/m.test(container.text)))
      expect(text).toMatch(/^ +user: (postgres|nginx)$/m);
  }
  expect(read("compose.yaml")).toMatch(/DATABASE_URL: postgres:\/\/task_jobs:/);
  expect(read("compose.yaml")).not.toMatch(/POSTGRES_USER/);
  expect(read("deploy/create-owner.sh")).toMatch(/^create role task_jobs login password :'owner_password';$/m);
});

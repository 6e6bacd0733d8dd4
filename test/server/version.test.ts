import { existsSync, readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { killPrograms, MAIN, requireBuild, runProgram, startProgram } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const TOKEN = "a-token-of-this-test-0123456789";

requireBuild();
const database = await sharedTestDatabase();
afterEach(killPrograms);

const serve = (environment: Record<string, string>) =>
  startProgram(MAIN, { DATABASE_URL: database.url, PORT: "0", ...environment });
const buildInfoIn = (metrics: string) => metrics.match(/^build_info.*$/gm);

test("/healthz and the metric build_info show the version in package.json", async () => {
  const origin = await serve({ METRICS_TOKEN: TOKEN }).listening();
  const health = await fetch(`${origin}/healthz`);
  expect([health.status, await health.json()]).toEqual([200, { status: "ok", version }]);
  const metrics = await fetch(`${origin}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  expect(buildInfoIn(await metrics.text())).toEqual([`build_info{version="${version}"} 1`]);
});

test("build_info is 1, not the sum, when several workers serve", async () => {
  const program = serve({ WORKERS: "2", METRICS_PORT: "0", LOG_LEVEL: "info" });
  await program.listening();
  const portIn = () => /"port":(\d+),"msg":"metrics are served"/.exec(program.stderr())?.[1];
  await expect.poll(portIn).toBeDefined();
  const metrics = await (await fetch(`http://127.0.0.1:${portIn()}/metrics`)).text();
  expect(metrics).toContain("workers_serving 2");
  expect(buildInfoIn(metrics)).toEqual([`build_info{version="${version}"} 1`]);
});

test("the server and each command print the version with --version, without a database", async () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const commands = Object.keys(scripts).filter((name) => existsSync(`dist/cli/${name}.js`));
  expect(commands.length).toBeGreaterThan(6);
  const programs = [MAIN, ...commands.map((name) => `dist/cli/${name}.js`)];
  const environment = { DATABASE_URL: "postgres://127.0.0.1:1/x" };
  const ended = await Promise.all(programs.map((program) => runProgram(program, environment, ["--version"])));
  for (const { code, stdout, stderr } of ended) expect([code, stdout, stderr]).toEqual([0, `${version}\n`, ""]);
});

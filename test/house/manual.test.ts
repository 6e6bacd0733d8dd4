import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";

const manual = readFileSync("docs/operating.md", "utf8");
const readme = readFileSync("README.md", "utf8");

const namesIn = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name))].sort();

/** The names in the first column of the tables of one section. */
const namesInTable = (text: string, section: string) =>
  (text.split(/^## /m).find((part) => part.startsWith(section)) ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => namesIn(line.split("|")[1] ?? "", /`([A-Z_]+)`/g))
    .sort();

const settings = (source: string) => namesIn(source, /(?:read\.\w+\(|environment\.)"?([A-Z][A-Z_]+)/g);
const metrics = (source: string) => namesIn(source, /(?:name: |registerPoolGauge\(\s*)"(\w+)"/g);

describe("settings", () => {
  const read = settings(readFileSync("src/config.ts", "utf8"));

  test("the settings that config.ts reads are those in the table of docs/operating.md", () => {
    expect(read).toContain("SHUTDOWN_DRAIN_MS");
    expect(namesInTable(manual, "Settings")).toEqual(read);
  });

  test("every setting that a command in the README sets is one that config.ts reads", () => {
    // The shell variables of the examples get their values from a command.
    const named = namesIn(readme, /^ {4}([A-Z_]+)=(?!\$\()/gm);
    expect(named).toContain("DATABASE_URL");
    expect(named.filter((name) => !read.includes(name))).toEqual([]);
  });

  test("settings are found in each notation of config.ts", () => {
    expect(settings('read.integer("A_B", 1); environment.NODE_ENV; read.text("C_D")')).toEqual([
      "A_B",
      "C_D",
      "NODE_ENV",
    ]);
  });
});

test("docs/operating.md names every metric of the project", () => {
  const source = readdirSync("src/metrics")
    .map((file) => readFileSync(join("src/metrics", file), "utf8"))
    .join("\n");
  const named = metrics(source);
  for (const name of ["http_requests_total", "database_reads_waiting", "worker_ends_total"])
    expect(named).toContain(name);
  expect(named.filter((name) => !new RegExp(`\`${name}[\`{]`).test(manual))).toEqual([]);
});

describe("alarms", () => {
  const section = manual.split(/^## /m).find((part) => part.startsWith("Alarms")) ?? "";
  const alarms = [...section.matchAll(/^\| ([a-z][^|]*?) +\| (`.*?) +\|$/gm)].map(([, name = "", expression = ""]) => ({
    name,
    expression,
  }));

  test("every alarm in docs/operating.md says what to do", () => {
    expect(alarms.length).toBeGreaterThan(15);
    const remedies = namesIn(section, /^- \*\*(.*?)\*\*:/gm).map((name) => name.toLowerCase());
    expect(alarms.filter(({ name }) => !remedies.includes(name))).toEqual([]);
  });

  test("the expressions of the alarms use metrics that docs/operating.md lists", () => {
    const listed = manual.split(/^## /m).find((part) => part.startsWith("Metrics")) ?? "";
    const isListed = (name: string) => {
      const [group] = name.split("_");
      const isOfNode = group === "nodejs" || group === "process";
      return listed.includes(`\`${name}`) || (isOfNode && listed.includes(`\`${group}_`));
    };
    const used = alarms.flatMap(({ expression }) => namesIn(expression, /\b([a-z]+(?:_[a-z0-9]+)+)\b/g));
    const metricsUsed = used
      .map((name) => name.replace(/_bucket$/, ""))
      .filter((name) => !["histogram_quantile", "max_over_time"].includes(name));
    expect(metricsUsed).toContain("replica_used");
    expect(metricsUsed.filter((name) => !isListed(name))).toEqual([]);
  });
});

describe("log messages", () => {
  const source = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join("src", file), "utf8"))
    .join("\n");
  const section = manual.split(/^## /m).find((part) => part.startsWith("The log")) ?? "";

  test("every log message in docs/operating.md is one that the program logs", () => {
    const quoted = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) => namesIn(cell, /`([^`]+)`/g));
    expect(quoted).toContain("a dependency did not answer");
    expect(quoted.filter((message) => message !== "msg" && !source.includes(`"${message}"`))).toEqual([]);
  });

  test("docs/operating.md names every message that the program logs", () => {
    const calls = source.split(/\b(?:log|createLog\("\w+"\))\.(?:info|warn|error|fatal)\(/).slice(1);
    const logged = calls.map((call) => /"([^"]*)",?\s*\)/.exec(call)?.[1] ?? "");
    expect(logged).toEqual(expect.arrayContaining(["request", "stopped", "cannot start"]));
    const isNamed = (message: string) => section.includes(`\`${message}\``) || section.includes(`"msg":"${message}"`);
    expect(logged.filter((message) => !isNamed(message))).toEqual([]);
  });
});

test("docs/operating.md tells PgBouncer to ignore every startup parameter of the database connections", () => {
  const { sql, searches, counts, exports } = openDatabase({
    url: "postgres://",
    maxConnections: 1,
    statementTimeoutMs: 1,
  });
  const opened = [sql, searches.sql, counts.sql, exports.open()].flatMap((pool) =>
    Object.keys(pool.options.connection),
  );
  // PgBouncer knows these parameters: https://www.pgbouncer.org/config.html#ignore_startup_parameters
  const known = ["application_name", "TimeZone", "DateStyle"];
  const listed = /ignore_startup_parameters = (\S+)/.exec(manual)?.[1]?.split(",");
  expect(listed?.toSorted()).toEqual([...new Set(opened)].filter((name) => !known.includes(name)).sort());
});

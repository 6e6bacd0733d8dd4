import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { generateAlerts } from "../../tools/generate-alerts.mjs";
import { readExample } from "../support/example.ts";
import { sharedTestServer } from "../support/test-server.ts";

const METRICS_TOKEN = "a-token-of-the-test-for-metrics-0123456789";
const server = await sharedTestServer({ environment: { METRICS_TOKEN } });

/** The names of the metrics at /metrics, with those that only servers with replicas or several workers have. */
async function exposedMetrics(): Promise<string[]> {
  const response = await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } });
  const exposed = [...(await response.text()).matchAll(/^# TYPE (\w+) (\w+)/gm)].flatMap(([, name = "", type]) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((part) => name + part) : [name],
  );
  const sources = readdirSync("src/metrics").map((file) => readFileSync(join("src/metrics", file), "utf8"));
  const ofOtherServers = sources.flatMap((source) => [...source.matchAll(/"((?:replica|workers|worker)_\w+)"/g)]);
  return [...exposed, ...ofOtherServers.map(([, name = ""]) => name), "up"];
}

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard: { panels: readonly Panel[] } = JSON.parse(readExample("grafana", "dashboard.json"));

/** The metrics of expressions, each of which selects the job. */
const metricsIn = (expressions: readonly string[]) =>
  expressions.flatMap((expression) =>
    [...expression.matchAll(/\b(up|[a-z]+(?:_[a-z0-9]+)+)\b(?!\()(\{job="task-jobs-api")?/g)].map(([, name, job]) => ({
      name,
      hasJob: job !== undefined,
    })),
  );

describe("the alerts of Prometheus and the dashboard of Grafana", async () => {
  const exposed = await exposedMetrics();
  const ofAlerts = [...readExample("prometheus", "alerts.yaml").matchAll(/expr: '(.*)'$/gm)].map(
    ([, text = ""]) => text,
  );
  const ofDashboard = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  test.each([
    ["alerts.yaml", ofAlerts],
    ["dashboard.json", ofDashboard],
  ])("the expressions of %s select metrics that the server has, of its job alone", (_, expressions) => {
    expect(expressions.length).toBeGreaterThan(20);
    const used = metricsIn(expressions).filter(({ name }) => name !== "__rate_interval");
    expect(used.filter(({ name = "", hasJob }) => !exposed.includes(name) || !hasJob)).toEqual([]);
  });

  test("a metric that the server does not have, and one of every job, are found", () => {
    expect(metricsIn(['sum by (le, status) (rate(old_total{job="task-jobs-api"}[5m])) > up'])).toEqual([
      { name: "old_total", hasJob: true },
      { name: "up", hasJob: false },
    ]);
  });

  test("alerts.yaml has the alarms of docs/operating.md and their remedies (`npm run example-files` writes it)", () => {
    const alerts = readExample("prometheus", "alerts.yaml");
    expect(alerts).toBe(generateAlerts());
    expect(alerts).not.toContain("undefined");
  });

  test("the panels of the dashboard do not overlap", () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe("the unit of systemd", () => {
  const unit = readExample("systemd", "task-jobs-api.service");

  test("the unit gives the server as much time to stop as compose.yaml", () => {
    const [, inCompose] = /stop_grace_period: (\d+)s/.exec(readFileSync("compose.yaml", "utf8")) ?? [];
    expect(unit).toContain(`TimeoutStopSec=${inCompose}\n`);
  });

  test("the unit allows what V8 and the server need", () => {
    expect(unit).toContain("KillMode=mixed");
    expect(unit).not.toMatch(/^(MemoryDenyWriteExecute|ProcSubset)=/m);
  });
});

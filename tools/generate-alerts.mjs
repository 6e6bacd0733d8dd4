import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MANUAL = "docs/operating.md";
export const ALERTS = "examples/prometheus/alerts.yaml";

/** Returns the alerting rules of Prometheus for the alarms of docs/operating.md, with the remedies that it describes. */
export function generateAlerts(manual = readFileSync(MANUAL, "utf8")) {
  const section = manual.split(/^## /m).find((part) => part.startsWith("Alarms")) ?? "";
  const remedies = new Map(
    section
      .split(/^- \*\*/m)
      .slice(1)
      .map((item) => item.split(/\n\n/)[0].split("**: "))
      .map(([name, text]) => [name.toLowerCase(), inPlainText(text)]),
  );
  const rules = [...section.matchAll(/^\| ([a-z][^|]*?) +\| (`.*?) +\|$/gm)].flatMap(([, name, conditions]) =>
    [...conditions.matchAll(/`([^`]+)`(?: for (\d+) (s|m))?/g)].map(([, expression, number = "0", unit = "s"], index) =>
      [
        `      - alert: ${inCamelCase(name)}`,
        `        expr: ${inYaml(ofThisJob(expression))}`,
        `        for: ${number}${unit}`,
        // Prometheus wants different labels for rules of the same name.
        ...(index > 0 ? ["        labels:", `          condition: "${index + 1}"`] : []),
        "        annotations:",
        `          summary: ${inYaml(`Task Jobs API: ${name}`)}`,
        `          description: ${inYaml(remedies.get(name))}`,
      ].join("\n"),
    ),
  );
  const head = [
    "# The alarms of docs/operating.md, written by `npm run example-files`.",
    "groups:",
    "  - name: task-jobs-api",
    "    rules:",
  ];
  return `${[...head, ...rules].join("\n")}\n`;
}

/** The text as a scalar of YAML, in the quotes that need no backslash. */
function inYaml(text) {
  return text.includes('"') ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}

/** Restricts each metric to this server, because a Prometheus has `up` and `process_open_fds` of other programs, too. */
function ofThisJob(expression) {
  return expression.replace(/\b(up|[a-z]+(?:_[a-z0-9]+)+)\b(?!\()(\{)?/g, (_, metric, brace) =>
    brace ? `${metric}{job="task-jobs-api", ` : `${metric}{job="task-jobs-api"}`,
  );
}

/** Joins the lines of a list item to a sentence, and replaces its links by their texts. */
function inPlainText(markdown) {
  const text = markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll("`", "")
    .trim()
    .replace(/\n\s*/g, " ");
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

function inCamelCase(name) {
  return name
    .split(" ")
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join("");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ALERTS, generateAlerts());

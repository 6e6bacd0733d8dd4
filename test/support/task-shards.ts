/** The tables that Citus distributes by the task, with the column that holds the task's id. */
const TASK_COLUMNS: Readonly<Record<string, string>> = {
  tasks: "id",
  task_email_jobs: "task_id",
  task_job_totals: "task_id",
};

const KEYWORDS = "where|left|join|lateral|cross|inner|on|using|order|group|limit|offset|for|set|values|returning|as";
const TABLE = new RegExp(
  String.raw`\bpublic\.(${Object.keys(TASK_COLUMNS).join("|")})\b(?:\s+(?!(?:${KEYWORDS})\b)(\w+))?`,
  "gi",
);

/** The text of each parenthesis and of the whole statement, without the parentheses inside it. */
function selectsOf(statement: string): string[] {
  const finished: string[] = [];
  const open = [""];
  for (const character of statement) {
    if (character === "(") open.push("");
    else if (character === ")") {
      finished.push(open.pop() ?? "");
      open[open.length - 1] += " ";
    } else open[open.length - 1] += character;
  }
  return [...finished, ...open];
}

/**
 * The tables of a statement that are read without a comparison of the task's id with a value in the same select. Citus sends
 * such a statement to all shards, or refuses it.
 */
export function tablesWithoutTaskId(statement: string): string[] {
  return selectsOf(statement).flatMap((select) =>
    [...select.matchAll(TABLE)]
      .filter(([, table = "", alias]) => {
        const column = String.raw`(?:\b${alias ?? table}\.|(?<![.\w]))${TASK_COLUMNS[table.toLowerCase()]}\b`;
        return !new RegExp(String.raw`${column} = (?:\$\d+|'[^']*')`, "i").test(select);
      })
      .map(([, table = ""]) => table),
  );
}

/** The statements of a function's body in which a transition table and a distributed table are joined. */
export function transitionJoinsOf(body: string, transitionTables: readonly string[]): string[] {
  const mentions = (statement: string, names: readonly string[]) =>
    names.some((name) =>
      new RegExp(String.raw`\b(?:from|join|using|into|update)\s+(?:public\.)?${name}\b`, "i").test(statement),
    );
  return body
    .replace(/--.*$/gm, "")
    .split(/;|\bloop\b|\bthen\b/i)
    .filter((statement) => mentions(statement, transitionTables) && mentions(statement, Object.keys(TASK_COLUMNS)))
    .map((statement) => statement.trim());
}

/** The updates of distributed tables with a function whose value changes from row to row, which Citus refuses. */
export function volatileUpdatesOf(body: string): string[] {
  const update = new RegExp(String.raw`\bupdate\s+(?:public\.)?(?:${Object.keys(TASK_COLUMNS).join("|")})\b`, "i");
  return body
    .replace(/--.*$/gm, "")
    .split(/;|\bloop\b|\bthen\b|\bbegin\b/i)
    .filter(
      (statement) =>
        update.test(statement) && /\b(?:gen_random_uuid|random|clock_timestamp|nextval)\(/i.test(statement),
    )
    .map((statement) => statement.trim());
}

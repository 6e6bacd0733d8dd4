import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { type Database, SESSION_SETTINGS } from "../../src/db/client.ts";

export interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** The plans of the very statements the work sends, as auto_explain saw them run on a connection like the server's. */
export async function plansOf(url: string, work: (db: Database) => Promise<unknown>): Promise<PlanNode[][]> {
  const plans: PlanNode[][] = [];
  const sql = postgres(url, {
    max: 1,
    fetch_types: false,
    connection: SESSION_SETTINGS,
    onnotice: (notice) => {
      const json = /plan:\s*(\{[\s\S]*\})/.exec(notice.message ?? "")?.[1];
      if (json !== undefined) plans.push(nodesOf((JSON.parse(json) as { Plan: PlanNode }).Plan));
    },
  });
  const db = drizzle(sql, { casing: "snake_case" });
  try {
    await sql.unsafe(`
      load 'auto_explain';
      set auto_explain.log_min_duration = 0;
      set auto_explain.log_format = 'json';
      set client_min_messages = 'log';
    `);
    await work(db);
  } finally {
    await sql.end({ timeout: 5 });
  }
  return plans;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

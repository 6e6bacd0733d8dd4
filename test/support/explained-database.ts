import { type OpenDatabase, openDatabase } from "../../src/db/client.ts";

export interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  /** Includes all child nodes. */
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
  readonly Plans?: readonly PlanNode[];
}

/** The plans of the statements that `work` sends, which auto_explain logs on a connection like the server's. */
export async function plansOf(url: string, work: (database: OpenDatabase) => Promise<unknown>): Promise<PlanNode[][]> {
  const plans: PlanNode[][] = [];
  const database = openDatabase({
    url,
    maxConnections: 1,
    onNotice: (notice) => {
      const json = /plan:\s*(\{[\s\S]*\})/.exec(notice.message ?? "")?.[1];
      if (json !== undefined) plans.push(nodesOf((JSON.parse(json) as { Plan: PlanNode }).Plan));
    },
  });
  try {
    for (const { unsafe } of [database.sql, database.searches.sql]) {
      await unsafe(`
        load 'auto_explain';
        set auto_explain.log_min_duration = 0;
        set auto_explain.log_format = 'json';
        set auto_explain.log_analyze = on;
        set auto_explain.log_buffers = on;
        set client_min_messages = 'log';
      `);
    }
    await work(database);
  } finally {
    await database.close();
  }
  return plans;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** The number of rows that the scans of a table read, including rows that a filter removed. */
export function rowsReadOf(plan: readonly PlanNode[], table: string): number {
  return plan
    .filter((node) => node["Relation Name"] === table)
    .reduce(
      (sum, node) => sum + (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"],
      0,
    );
}

/** The number of pages of tables and indexes that were read, from memory or from disk. */
export function blocksReadOf([root]: readonly PlanNode[]): number {
  return root === undefined ? 0 : root["Shared Hit Blocks"] + root["Shared Read Blocks"];
}

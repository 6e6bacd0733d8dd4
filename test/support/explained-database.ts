import { type OpenDatabase, openDatabase } from "../../src/db/client.ts";

export interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** The plans of the very statements the work sends, as auto_explain saw them run on a connection like the server's. */
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
    await database.sql.unsafe(`
      load 'auto_explain';
      set auto_explain.log_min_duration = 0;
      set auto_explain.log_format = 'json';
      set client_min_messages = 'log';
    `);
    await work(database);
  } finally {
    await database.close();
  }
  return plans;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

import type { Sql } from "postgres";
import { POSITION, readPosition } from "../reads/position.queries.ts";
import { formatToken, historyOf } from "./consistency-token.ts";
import { measureServer } from "./measure-server.queries.ts";

/** Returns the token of everything that is committed now; null at a standby. */
export async function readConsistencyToken(sql: Sql): Promise<string | null> {
  const measured = await measureServer(sql);
  if (measured.isInRecovery) return null;
  const [row] = await sql.unsafe(`select ${POSITION}`).values();
  return formatToken({ history: historyOf(measured), position: readPosition(row?.[0]).atMost });
}

import type { Sql } from "postgres";
import { waitFor } from "../../values/deadline.ts";
import { type Measurement, measureServer } from "./measure-server.queries.ts";

/** A server that takes longer to answer a measurement counts as frozen or unreachable. */
export const MEASURE_TIMEOUT_MS = 500;

/** Measures one server, at most once at a time, and keeps the last result. */
export class MeasuredServer {
  readonly #sql: Sql;
  #isUnderWay = false;
  newest: Measurement | null = null;
  /** The error of the last measurement, or null if it succeeded. */
  error: unknown = null;
  startedAt = 0;
  /** The time at which the newest successful measurement ended. */
  endedAt = Number.POSITIVE_INFINITY;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get isOverdue(): boolean {
    return this.#isUnderWay && performance.now() - this.startedAt >= MEASURE_TIMEOUT_MS;
  }

  /** Returns null if an earlier measurement still runs, or if this one fails or takes too long. */
  async measure(): Promise<Measurement | null> {
    if (this.#isUnderWay) return null;
    // The measurement of a frozen server ends later, with an error of its socket.
    return waitFor(this.#run(), { ms: MEASURE_TIMEOUT_MS }).catch(() => null);
  }

  async #run(): Promise<Measurement | null> {
    this.#isUnderWay = true;
    this.startedAt = performance.now();
    try {
      this.newest = await measureServer(this.#sql);
      this.endedAt = performance.now();
      this.error = null;
      return this.newest;
    } catch (error) {
      this.error = error;
      return null;
    } finally {
      this.#isUnderWay = false;
    }
  }
}

import type { Sql } from "postgres";
import { reasonOf } from "../error-reason.ts";
import { historyOf } from "./consistency-token.ts";
import type { Measurement } from "./measure-server.queries.ts";
import { MeasuredServer } from "./measured-server.ts";
import { PrimaryHistory } from "./primary-history.ts";
import type { Replica } from "./replica.ts";

/** The last measurement of a replica is at most this old, plus the time of one statement. */
const MEASURE_EVERY_MS = 200;

/** A commit is in the WAL of the primary before its rows are visible there. They are visible at most this much later. */
const MAX_COMMIT_MS = 1000;

const LAGS = "lags too far behind the primary";

interface WatchOptions {
  /** A connection to the primary that is used for nothing else. */
  readonly primary: Sql;
  readonly replicas: readonly Replica[];
  readonly maxLagMs: number;
  /** Called when a replica begins or ceases to be used, and for each further reason once. */
  readonly onChange: (replica: Replica, lagMs: number) => void;
}

interface WatchedReplica {
  readonly replica: Replica;
  readonly server: MeasuredServer;
  isAhead: boolean;
  /** The reasons since the replica was used last. A frozen one alternates between a few. */
  readonly reported: Set<string>;
}

/** Measures the primary and the replicas every 200 ms, and decides which replicas may serve reads. */
export function watchReplicas({ primary, replicas, maxLagMs, onChange }: WatchOptions) {
  const history = new PrimaryHistory();
  const primaryServer = new MeasuredServer(primary);
  let measuredPrimary: Measurement | null = null;
  let historyName: string | null = null;
  const watched = replicas.map(
    (replica): WatchedReplica => ({
      replica,
      server: new MeasuredServer(replica.measuring),
      isAhead: false,
      reported: new Set(),
    }),
  );
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function measurePrimary(): Promise<void> {
    const measured = await primaryServer.measure();
    if (measured === null || measured.isInRecovery) return;
    measuredPrimary = measured;
    if (historyName !== historyOf(measured)) {
      historyName = historyOf(measured);
      history.clear();
      for (const each of watched) forget(each);
    } else for (const each of watched) each.isAhead ||= isAheadOf(measured, each.server);
    history.add(primaryServer.startedAt, measured.position);
  }

  /** A standby receives only what the primary has flushed, unless the primary was restored to an earlier state. */
  function isAheadOf({ position }: Measurement, { newest, endedAt }: MeasuredServer): boolean {
    return newest !== null && endedAt <= primaryServer.startedAt && newest.position > position;
  }

  async function measureReplica(each: WatchedReplica): Promise<void> {
    const { replica, server } = each;
    const measured = await server.measure();
    if (isClosed) return;
    if (measured !== null) {
      if (measured.started !== replica.started) forget(each);
      replica.started = measured.started;
      replica.isPrimary = !measured.isInRecovery && measured.started === measuredPrimary?.started;
      if (historyOf(measured) === historyName) {
        if (measured.position > replica.replayed) replica.replayed = measured.position;
        replica.containsAllUntil = history.timeOf(replica.replayed) ?? replica.containsAllUntil;
      }
    }
    decide(each);
  }

  function reasonNotToUse({ replica, server, isAhead }: WatchedReplica, lagMs: number): string | null {
    const { newest, error, isOverdue } = server;
    if (isOverdue) return "does not answer";
    if (error !== null) return `does not answer: ${reasonOf(error)}`;
    if (newest === null) return "was not measured yet";
    if (measuredPrimary === null) return "cannot be compared, because no primary answers at DATABASE_URL";
    if (newest.system !== measuredPrimary.system) return "is another database, or belongs to another cluster";
    if (!newest.isInRecovery && !replica.isPrimary) return "was promoted and is not the primary of DATABASE_URL";
    if (newest.timeline !== measuredPrimary.timeline) return "is on another timeline than the primary";
    if (isAhead) return "contains transactions that the primary has lost";
    // A replica that has lagged must reach half of the limit, so that small changes of its lag do not switch it on and off.
    if (lagMs <= (replica.reason === LAGS ? maxLagMs / 2 : maxLagMs)) return null;
    const isPrimaryGone = primaryServer.isOverdue || primaryServer.error !== null;
    return isPrimaryGone ? "cannot be compared, because the primary does not answer" : LAGS;
  }

  function decide(each: WatchedReplica): void {
    const { replica } = each;
    const lagMs = lagOf(replica);
    const reason = reasonNotToUse(each, lagMs);
    if (reason === replica.reason) return;
    replica.reason = reason;
    if (reason?.startsWith("does not answer")) replica.abandonReads();
    if (reason === null) each.reported.clear();
    else if (each.reported.has(reason)) return;
    else each.reported.add(reason);
    onChange(replica, lagMs);
  }

  async function runRound(): Promise<void> {
    const startedAt = performance.now();
    await measurePrimary();
    const measuring = Promise.all(watched.map(measureReplica));
    const waitMs = startedAt + MEASURE_EVERY_MS - performance.now();
    if (!isClosed) timer = setTimeout(() => void runRound(), Math.max(0, waitMs)).unref();
    await measuring;
  }

  return {
    /** Resolves after the first measurements. */
    start: runRound,
    /** Identifies the cluster and the timeline of the primary. Null until the primary was measured. */
    historyName: () => historyName,
    primaryPosition: () => history.newest,
    /** A position of the primary before which every transaction is visible there. */
    visiblePosition: () => history.positionAt(performance.now() - MAX_COMMIT_MS),
    isMeasuredPrimary: (started: string) => started === measuredPrimary?.started,
    isUsable: (replica: Replica) => replica.reason === null && lagOf(replica) <= maxLagMs,
    close(): void {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** Forgets the measured position, because it belongs to another server or to another timeline. */
function forget(each: WatchedReplica): void {
  each.replica.forget();
  each.isAhead = false;
}

/** In milliseconds, counted from the last time at which the replica was known to contain everything. */
export function lagOf(replica: Replica): number {
  return replica.isPrimary ? 0 : performance.now() - replica.containsAllUntil;
}

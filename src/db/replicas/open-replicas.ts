import { type Deadline, deadlineIn } from "../../values/deadline.ts";
import { type DatabaseOptions, type OpenDatabase, openDatabase, openPool } from "../client.ts";
import { describeDatabase } from "../connection-url.ts";
import type { Reads, SharedReads } from "../reads/reads.ts";
import { type ConsistencyToken, formatToken, UNKNOWN_HISTORY } from "./consistency-token.ts";
import { MEASURE_TIMEOUT_MS } from "./measured-server.ts";
import { Replica } from "./replica.ts";
import { RequestReads } from "./request-reads.ts";
import { createRoutedReads } from "./routed-reads.ts";
import { lagOf, watchReplicas } from "./watch-replicas.ts";

interface ReplicaOptions {
  readonly primaryUrl: string;
  readonly replicaUrls: readonly string[];
  readonly maxLagMs: number;
  readonly pools: Omit<DatabaseOptions, "url">;
  readonly onChange: (change: ReplicaChange) => void;
}

/** A replica begins to be used, ceases to be used, or is not used for another reason. */
interface ReplicaChange {
  readonly replica: string;
  /** Null if it is used. */
  readonly reason: string | null;
  readonly lagMs: number;
}

export type OpenReplicas = Awaited<ReturnType<typeof openReplicas>>;

/** Sends the reads of requests to replicas, and to the primary where no replica is usable or fresh enough. */
export async function openReplicas(primary: OpenDatabase, options: ReplicaOptions) {
  const { primaryUrl, replicaUrls, maxLagMs, pools } = options;
  const measuring = { applicationName: "task-jobs-replica-watch", statementTimeoutMs: MEASURE_TIMEOUT_MS };
  const openMeasuring = (url: string) => openPool({ ...pools, ...measuring, url }, 1);
  const replicas = replicaUrls.map(
    (url) =>
      new Replica({
        name: describeDatabase(url).replace("PostgreSQL at ", ""),
        database: openDatabase({ ...pools, url, isReplica: true }),
        measuring: openMeasuring(url),
      }),
  );
  const primaryMeasuring = openMeasuring(primaryUrl);
  const watch = watchReplicas({
    primary: primaryMeasuring,
    replicas,
    maxLagMs,
    onChange: (replica, lagMs) => options.onChange({ replica: replica.name, reason: replica.reason, lagMs }),
  });
  const requests = new WeakMap<Deadline, RequestReads>();
  const answered = new Map(["primary", ...replicas.map(({ name }) => name)].map((name) => [name, 0]));
  let turn = 0;

  /** The replica with the fewest running and waiting reads. Replicas with the same number are chosen one after another. */
  function chooseReplica({ needsPrimary, required }: RequestReads): Replica | null {
    if (needsPrimary) return null;
    turn += 1;
    let chosen: Replica | null = null;
    for (let index = 0; index < replicas.length; index += 1) {
      const replica = replicas[(turn + index) % replicas.length] as Replica;
      if (replica.replayed < required || !watch.isUsable(replica)) continue;
      if (chosen === null || replica.readsUnderWay < chosen.readsUnderWay) chosen = replica;
    }
    return chosen;
  }

  const ofPrimary = () => ({ historyName: watch.historyName(), isMeasured: watch.isMeasuredPrimary });

  function beginRequest(deadline: Deadline, tokens: readonly ConsistencyToken[]): RequestReads {
    const request = new RequestReads({ ...ofPrimary(), tokens });
    request.replica = chooseReplica(request);
    requests.set(deadline, request);
    return request;
  }

  const shared: SharedReads = {
    begin(request, ms) {
      const deadline = deadlineIn(ms);
      const own = requests.get(request);
      if (own === undefined) return deadline;
      const read = new RequestReads({ ...ofPrimary(), tokens: [] });
      read.replica = own.replica;
      read.contains = own.replica?.replayed ?? watch.visiblePosition();
      requests.set(deadline, read);
      return deadline;
    },
    isFreshEnough(request, sharedRead) {
      const { needsPrimary = false, required = 0n, historyName = null } = requests.get(request) ?? {};
      if (needsPrimary || required === 0n) return !needsPrimary;
      const read = sharedRead === null ? undefined : requests.get(sharedRead);
      // Positions of another timeline cannot be compared.
      return read !== undefined && read.historyName === historyName && required <= read.contains;
    },
    addTo(request, sharedRead) {
      requests.get(request)?.add(requests.get(sharedRead)?.seen ?? 0n);
    },
  };

  const reads: Reads = createRoutedReads({ primary, shared, requestOf: (deadline) => requests.get(deadline) });
  await watch.start();
  return {
    reads,
    beginRequest,
    /** Returns the token of the response. Undefined if the primary was never reached. */
    endRequest(request: RequestReads): string | undefined {
      const server = request.replica?.name ?? "primary";
      answered.set(server, (answered.get(server) ?? 0) + 1);
      const history = watch.historyName();
      if (history === null) return undefined;
      if (request.sawUnknownServer) return formatToken({ history: UNKNOWN_HISTORY, position: 0n });
      return formatToken({ history, position: request.position || watch.primaryPosition() });
    },
    readings: replicas.map((replica) => ({
      name: replica.name,
      lagSeconds: () => lagOf(replica) / 1000,
      isUsed: () => (watch.isUsable(replica) ? 1 : 0),
      failovers: () => replica.failovers,
    })),
    /** The number of requests that each server has answered. */
    answered: answered as ReadonlyMap<string, number>,
    async close(): Promise<void> {
      watch.close();
      const measuringPools = [primaryMeasuring, ...replicas.map(({ measuring }) => measuring)];
      await Promise.all([
        ...measuringPools.map((pool) => pool.end({ timeout: 1 })),
        ...replicas.map(({ database }) => database.close()),
      ]);
    },
  };
}

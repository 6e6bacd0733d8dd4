import { createSharedCounts } from "../tasks/progress/shared-counts.ts";
import { isLater, progressOfGroups, type TaskProgress } from "../tasks/progress/task-progress.ts";
import type { Deadline } from "../values/deadline.ts";
import type {
  CountedRange,
  FoundMetrics,
  MetricsParts,
  VerificationMetricsQueries,
} from "./verification-metrics.queries.ts";

interface MetricsRequest {
  readonly range: CountedRange;
  readonly parts: MetricsParts;
  readonly deadline: Deadline;
  /** A count that began before this time, in `performance.now()`, is too old. */
  readonly readAfter: number | undefined;
}

/** Parts that were not selected are zero. Timestamps are in the text format of PostgreSQL. */
interface CountedMetrics {
  readonly totalTasks: number;
  readonly uniqueEmailAddresses: number;
  readonly progress: TaskProgress;
  readonly lastRequestedAt: string | null;
  readonly lastCompletedAt: string | null;
}

const NOTHING: FoundMetrics = { groups: [], tasks: 0, addresses: 0 };

export type ReadVerificationMetrics = ReturnType<typeof createVerificationMetricsReader>;

/** Shares each count like the progress of tasks, among the requests of one viewer. */
export function createVerificationMetricsReader(queries: VerificationMetricsQueries) {
  const { timeoutMs, shared } = queries;
  const read = createSharedCounts({
    timeoutMs,
    shared,
    keyOf: (counted: Pick<MetricsRequest, "range" | "parts">) => JSON.stringify(counted),
    async count(_viewers, { range, parts }, deadline) {
      const metrics = metricsOf(await queries.findMetrics(range, parts, deadline));
      return () => metrics;
    },
  });
  return async ({ range, parts, deadline, readAfter }: MetricsRequest): Promise<CountedMetrics> => {
    if (!Object.values(parts).includes(true)) return metricsOf(NOTHING);
    const { userId } = range.viewer;
    const [metrics] = await read({ ids: [userId], counted: { range, parts }, deadline, userId, readAfter });
    return metrics ?? metricsOf(NOTHING);
  };
}

function metricsOf({ groups, tasks, addresses }: FoundMetrics): CountedMetrics {
  return {
    totalTasks: tasks,
    uniqueEmailAddresses: addresses,
    progress: progressOfGroups(groups),
    lastRequestedAt: latest(groups.map((group) => group.lastRequestedAt)),
    lastCompletedAt: latest(groups.map((group) => group.lastCompletedAt)),
  };
}

function latest(timestamps: readonly (string | null)[]): string | null {
  return timestamps.reduce(
    (one, other) => (other === null || (one !== null && isLater(one, other)) ? one : other),
    null,
  );
}

import type { DataSources } from "../context.ts";
import type { Reads } from "../db/reads/reads.ts";
import { emailQueries } from "../email/email.queries.ts";
import { jobSearchQueries } from "../job-search/job-search.queries.ts";
import { taskChangeQueries } from "../live/task-change.queries.ts";
import type { TaskWatcher } from "../live/watch-tasks.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { watchEmailBatches } from "../metrics/watch-reads.ts";
import { jobQueries } from "../nodes/job.queries.ts";
import { visibleEmailQueries } from "../nodes/visible-email.queries.ts";
import { taskJobQueries } from "../task-jobs/task-job.queries.ts";
import { createTaskProgressReader } from "../tasks/progress/read-task-progress.ts";
import { taskProgressQueries } from "../tasks/progress/task-progress.queries.ts";
import { taskQueries } from "../tasks/task.queries.ts";
import { createVerificationMetricsReader } from "../verification-metrics/read-verification-metrics.ts";
import { verificationMetricsQueries } from "../verification-metrics/verification-metrics.queries.ts";

interface DataSourcesOptions {
  readonly metrics: Metrics | null;
  readonly watcher: TaskWatcher;
}

/** Creates the data sources of the process, once. */
export function createDataSources(reads: Reads, { metrics, watcher }: DataSourcesOptions): DataSources {
  const emails = emailQueries(reads);
  return {
    taskJobs: taskJobQueries(reads),
    emails: metrics === null ? emails : watchEmailBatches(metrics, emails),
    jobSearches: jobSearchQueries(reads.searches),
    jobs: jobQueries(reads),
    visibleEmails: visibleEmailQueries(reads),
    tasks: taskQueries(reads),
    taskChanges: taskChangeQueries(reads.searches),
    watchTask: watcher.watch,
    readProgress: createTaskProgressReader(taskProgressQueries(reads.counts)),
    readMetrics: createVerificationMetricsReader(verificationMetricsQueries(reads.counts)),
  };
}

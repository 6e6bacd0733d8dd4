import { type AuditedRequest, createAudit } from "./auth/audit.ts";
import type { Viewer } from "./auth/viewer.ts";
import { createEmailLoader } from "./email/email.loader.ts";
import type { EmailQueries } from "./email/email.queries.ts";
import { createJobSearchLoader } from "./job-search/job-search.loader.ts";
import type { JobSearchQueries } from "./job-search/job-search.queries.ts";
import type { SubscriptionRun } from "./live/subscription-run.ts";
import type { TaskChangeQueries } from "./live/task-change.queries.ts";
import type { TaskWatcher } from "./live/watch-tasks.ts";
import type { Log } from "./log.ts";
import { createJobLoader } from "./nodes/job.loader.ts";
import type { JobQueries } from "./nodes/job.queries.ts";
import { createTaskOfEmailLoader } from "./nodes/visible-email.loader.ts";
import type { VisibleEmailQueries } from "./nodes/visible-email.queries.ts";
import type { TaskJobQueries } from "./task-jobs/task-job.queries.ts";
import type { ReadTaskProgress } from "./tasks/progress/read-task-progress.ts";
import { createTaskProgressLoader } from "./tasks/progress/task-progress.loader.ts";
import { createTaskLoader } from "./tasks/task.loader.ts";
import type { TaskQueries } from "./tasks/task.queries.ts";
import type { Deadline } from "./values/deadline.ts";
import type { ReadVerificationMetrics } from "./verification-metrics/read-verification-metrics.ts";

/** The prepared statements, shared counts and notices of changes that all requests read from. */
export interface DataSources {
  readonly taskJobs: TaskJobQueries;
  readonly jobSearches: JobSearchQueries;
  readonly tasks: TaskQueries;
  readonly readProgress: ReadTaskProgress;
  readonly readMetrics: ReadVerificationMetrics;
  readonly emails: EmailQueries;
  readonly jobs: JobQueries;
  readonly visibleEmails: VisibleEmailQueries;
  readonly taskChanges: TaskChangeQueries;
  readonly watchTask: TaskWatcher["watch"];
}

/** The parts of one HTTP request that its context is built from. */
export interface RequestDetails {
  readonly viewer: Viewer;
  readonly requestId: string;
  readonly deadline: Deadline;
  readonly response: AuditedRequest["response"];
  /** Charges the cost of the query to the caller's rate limit and throws RATE_LIMITED. REST requests always cost one point. */
  readonly chargeCost?: ((cost: number) => Promise<void>) | undefined;
  /** Labels the metrics of a GraphQL request with the field of the schema that it selects. */
  readonly noteOperation?: ((operation: string) => void) | undefined;
  /** Names the operation of a trusted document in the log. */
  readonly noteTrustedOperation?: ((name: string) => void) | undefined;
  /** Absent for a request whose response is a single result, which cannot be that of a subscription. */
  readonly subscription?: SubscriptionRun;
  /** Counts that began before this time, in `performance.now()`, are too old. */
  readonly readAfter?: number;
}

export type RequestContext = ReturnType<typeof createRequestContext>;

/** The loaders belong to one request, because they cache rows that only its viewer may see. */
export function createRequestContext(dataSources: DataSources, request: RequestDetails, log: Log) {
  const { viewer, requestId, deadline, subscription } = request;
  const readAfter = request.readAfter ?? subscription?.event?.readAfter;
  return {
    requestId,
    deadline,
    viewer,
    chargeCost: request.chargeCost,
    noteOperation: request.noteOperation,
    noteTrustedOperation: request.noteTrustedOperation,
    audit: createAudit(log, request),
    taskJobs: dataSources.taskJobs,
    jobSearches: dataSources.jobSearches,
    findTaskJobs: createJobSearchLoader(dataSources.jobSearches, viewer, deadline),
    progressOf: createTaskProgressLoader(dataSources.readProgress, { viewer, deadline, readAfter }),
    readMetrics: dataSources.readMetrics,
    readAfter,
    tasks: dataSources.tasks,
    taskById: createTaskLoader(dataSources.tasks, viewer, deadline),
    taskChanges: dataSources.taskChanges,
    watchTask: dataSources.watchTask,
    subscription,
    emailById: createEmailLoader(dataSources.emails, deadline),
    jobById: createJobLoader(dataSources.jobs, viewer, deadline),
    taskOfEmail: createTaskOfEmailLoader(dataSources.visibleEmails, viewer, deadline),
  };
}

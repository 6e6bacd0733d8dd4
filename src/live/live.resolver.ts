import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, Info, Int, Resolver, Root, Subscription } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { Failure, taskNotFound } from "../errors.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { TaskJobConnection } from "../job-search/job-connection.type.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import { TaskJobFilter } from "../job-search/job-filter.type.ts";
import { connectionOf } from "../paging/connection.type.ts";
import { CURSOR_RULE } from "../paging/cursor.ts";
import { faultsOfFilter } from "../paging/filter.ts";
import { LIMIT_RULE, MAX_LIMIT } from "../paging/page.ts";
import { findTask } from "../tasks/find-task.ts";
import { progressFields, selectsEmails } from "../tasks/progress/task-progress.resolver.ts";
import { isComplete } from "../tasks/progress/task-progress.ts";
import { TaskProgressType } from "../tasks/progress/task-progress.type.ts";
import { Uuid } from "../values/scalars.ts";
import { ALL_JOBS, type ChangeState, stateOfCursor } from "./change-cursor.ts";
import { listTaskChanges } from "./list-task-changes.ts";
import { type LiveEvent, type LiveEvents, liveEvents } from "./live-event.ts";

const TASK_ID = "The id of the task.";
const FILTER = "Counts or returns only matching jobs. Without a filter all jobs match.";

interface WatchArguments {
  readonly taskId: string;
  readonly filter?: JobFilter | null;
}

interface ChangeArguments extends WatchArguments {
  readonly after?: string | null;
  readonly first?: number | null;
}

interface SubscribeRequest<Arguments> {
  readonly args: Arguments;
  readonly context: RequestContext;
}

@Resolver()
export class LiveResolver {
  @Subscription(() => TaskProgressType, {
    description:
      "The task's progress: once at the start and again whenever it changes, at most once per second. Completes when the task " +
      "is complete, whatever the filter is. A slow reader receives the newest progress instead of a queue of old values.",
    subscribe: ({ args, context }: SubscribeRequest<WatchArguments>) => watchTask(context, args, ALL_JOBS),
  })
  async taskProgress(
    @Arg("taskId", () => Uuid, { description: TASK_ID }) taskId: string,
    @Arg("filter", () => TaskJobFilter, { nullable: true, description: FILTER }) filter: TaskJobFilter | null,
    @Root() event: LiveEvent,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskProgressType> {
    await mustFindTask(context, taskId);
    const progress = await context.progressOf(taskId, filter ?? {}, selectsEmails(info));
    const ofTask = filter === null || filter === undefined ? progress : await context.progressOf(taskId, {}, false);
    // The two counts may be of different moments, and the last progress must be that of the complete task.
    const isOld = progress.completed + progress.failed < progress.total;
    event.outcome = { hasNews: true, isLast: isComplete(ofTask) && !isOld };
    return progressFields(progress);
  }

  @Subscription(() => TaskJobConnection, {
    description:
      "The jobs of the task in the order in which they change, in pages of at most `first` jobs, starting after a cursor: all " +
      "jobs that exist, and then each change within about a second. A job that changes twice is delivered twice, or once with " +
      "its last values if it changes twice within a second. To resume, send the `endCursor` of the last page that was " +
      "received: every later change is delivered at least once, and a few of the last second may be delivered again. A change " +
      "whose transaction took longer than a minute may be missed. Deleted jobs are not delivered. Never completes.",
    subscribe: ({ args, context }: SubscribeRequest<ChangeArguments>) => watchChanges(context, args),
  })
  async taskJobChanges(
    @Arg("taskId", () => Uuid, { description: TASK_ID }) taskId: string,
    @Arg("after", () => String, {
      nullable: true,
      description:
        "A cursor of this subscription, or of `Task.jobs` in the order UPDATED_AT_ASC, with the same filter. Without a " +
        "cursor, all jobs of the task are delivered first. Any other cursor is BAD_USER_INPUT.",
    })
    _after: string | null,
    @Arg("first", () => Int, {
      nullable: true,
      defaultValue: MAX_LIMIT,
      description: `The largest number of jobs in one page, from 1 to ${MAX_LIMIT}.`,
    })
    first: number | null,
    @Arg("filter", () => TaskJobFilter, { nullable: true, description: FILTER }) filter: TaskJobFilter | null,
    @Root() event: LiveEvent,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskJobConnection> {
    const { state, horizon } = event;
    const request = { taskId, filter: filter ?? {}, state, size: first ?? MAX_LIMIT, horizon };
    const { page, state: newState } = await listTaskChanges(context, request);
    const hasNews = page.edges.length > 0;
    event.outcome = { hasNews, isLast: false, state: newState, hasMore: page.hasNextPage };
    const count = hasNews && selectedFields(info).has("totalCount") ? await countJobs(context, request) : 0;
    return connectionOf({ ...page, count });
  }
}

async function mustFindTask(context: RequestContext, taskId: string): Promise<void> {
  if ((await findTask(context, taskId)) === null) throw taskNotFound();
}

function watchChanges(context: RequestContext, args: ChangeArguments): Promise<LiveEvents> {
  const { taskId, filter, after, first } = args;
  const isGiven = after !== null && after !== undefined;
  const state = isGiven ? stateOfCursor({ taskId, filter: filter ?? {} }, after) : ALL_JOBS;
  const isValidSize = first === null || first === undefined || (first >= 1 && first <= MAX_LIMIT);
  const faults = [
    ...(isValidSize ? [] : [{ field: "first", reason: LIMIT_RULE }]),
    ...(state === null ? [{ field: "after", reason: CURSOR_RULE }] : []),
    ...faultsOfFilter(filter ?? {}),
  ];
  if (faults.length > 0) throw Failure.ofFields(faults);
  return watchTask(context, args, state ?? ALL_JOBS);
}

async function watchTask(context: RequestContext, args: WatchArguments, state: ChangeState): Promise<LiveEvents> {
  const { taskId } = args;
  const filter = args.filter ?? {};
  const faults = faultsOfFilter(filter);
  if (faults.length > 0) throw Failure.ofFields(faults);
  await mustFindTask(context, taskId);
  return liveEvents(context.watchTask(taskId), { taskId, filter }, state);
}

async function countJobs(
  { findTaskJobs }: RequestContext,
  list: { taskId: string; filter: JobFilter },
): Promise<number> {
  const range = { order: "updated_asc", after: null, before: null, backwards: false, limit: 0, offset: 0 } as const;
  const found = await findTaskJobs(list.taskId, { ...list, ...range, select: { jobs: false, count: true } });
  if (found === null) throw taskNotFound();
  return found.count;
}

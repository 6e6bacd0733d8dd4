import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, FieldResolver, ID, Info, Int, Query, Resolver, Root } from "type-graphql";
import type { Viewer } from "../auth/viewer.ts";
import { primeEmails } from "../email/email.loader.ts";
import { Failure } from "../errors.ts";
import { faultsOfFilter } from "../filter.ts";
import { pageInfoOf } from "../graphql/page-info.type.ts";
import { Uuid } from "../graphql/scalars.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { DEFAULT_OFFSET, MAX_OFFSET } from "../page.ts";
import type { RequestContext } from "../request-context.ts";
import { TaskJobConnection } from "../task-jobs/job-connection.type.ts";
import { JobOrderEnum, TaskJobFilter } from "../task-jobs/job-filter.type.ts";
import type { JobOrder } from "../task-jobs/job-search.ts";
import { listJobConnection } from "../task-jobs/list-job-connection.ts";
import type { TaskJob } from "../task-jobs/task-job.type.ts";
import { isUuid } from "../uuid.ts";
import { listTasks } from "./list-tasks.ts";
import type { TaskRecord } from "./task.ts";
import { Node, Task, ViewerType } from "./task.type.ts";
import { TaskConnectionType, TaskFilterType } from "./task-connection.type.ts";
import { isComplete, percentDone } from "./task-progress.ts";
import { TaskProgressType } from "./task-progress.type.ts";

const MAX_NODES = 100;

/** However a task is asked for, the log learns who was denied it. */
async function findAudited({ taskById, viewer, audit }: RequestContext, id: string): Promise<TaskRecord | null> {
  const task = await taskById.load(id);
  if (task === null) audit("denied", id);
  else if (viewer.isAdmin) audit("admin_read", id);
  return task;
}

@Resolver(() => Task)
export class TaskResolver {
  @Query(() => Task, {
    description: "One batch verification task. One that is missing and one of somebody else are the same NOT_FOUND.",
  })
  async task(
    @Arg("id", () => Uuid, { description: "The task." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<TaskRecord> {
    const task = await findAudited(context, id);
    if (task === null) throw new Failure("NOT_FOUND", { message: "Batch verification task not found" });
    return task;
  }

  @Query(() => Node, {
    nullable: true,
    description: "Whatever has this id. Null for what is missing or somebody else's.",
  })
  node(
    @Arg("id", () => ID, { description: "As an earlier answer gave it." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<TaskRecord | null> | null {
    return isUuid(id) ? findAudited(context, id.toLowerCase()) : null;
  }

  @Query(() => [Node], {
    nullable: "items",
    description: `Up to ${MAX_NODES} things by their ids, in the order of the ids, null for each that is missing or foreign.`,
  })
  nodes(
    @Arg("ids", () => [ID], { description: "As earlier answers gave them." }) ids: string[],
    @Ctx() context: RequestContext,
  ): Promise<(TaskRecord | null)[]> {
    if (ids.length > MAX_NODES) {
      throw Failure.ofFields([{ field: "ids", reason: `must not be more than ${MAX_NODES}` }]);
    }
    return Promise.all(ids.map((id) => (isUuid(id) ? findAudited(context, id.toLowerCase()) : null)));
  }

  @Query(() => ViewerType, { description: "Who the credential of this request belongs to." })
  viewer(@Ctx() { viewer }: RequestContext): Viewer {
    return viewer;
  }

  @Query(() => TaskConnectionType, {
    description:
      "The tasks the viewer may see, newest first: their own, or everybody's for an admin. `first` or `last` is 1 to 100, " +
      "10 when neither is given; both at once are BAD_USER_INPUT.",
  })
  async tasks(
    @Arg("first", () => Int, { nullable: true, description: "How many from the front, or after `after`." }) first:
      | number
      | null,
    @Arg("after", () => String, { nullable: true, description: "Only what comes after this cursor." }) after:
      | string
      | null,
    @Arg("last", () => Int, { nullable: true, description: "How many from the end, or before `before`." }) last:
      | number
      | null,
    @Arg("before", () => String, { nullable: true, description: "Only what comes before this cursor." }) before:
      | string
      | null,
    @Arg("offset", () => Int, {
      defaultValue: DEFAULT_OFFSET,
      description: `How many tasks to pass over, from 0 to ${MAX_OFFSET}; for callers who count pages. A cursor costs less.`,
    })
    offset: number,
    @Arg("filter", () => TaskFilterType, { nullable: true, description: "Which tasks; all when absent." })
    filter: TaskFilterType | null,
    @Ctx() { tasks, viewer, deadline }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskConnectionType> {
    const asked = { viewer, deadline, filter: filter ?? {}, withCount: selectedFields(info).has("totalCount"), offset };
    const page = await listTasks(tasks, asked, { first, after, last, before });
    return {
      nodes: [...page.rows],
      edges: page.rows.map((node, index) => ({ node, cursor: page.cursors[index] ?? "" })),
      totalCount: page.count,
      pageInfo: pageInfoOf(page),
    };
  }

  @FieldResolver(() => TaskJobConnection, {
    description:
      "The task's jobs by cursor, in either direction. `first` or `last` is 1 to 100, 10 when neither is given; both at " +
      "once are BAD_USER_INPUT, and so is a cursor of another task, filter or order.",
  })
  async jobs(
    @Root() task: Task,
    @Arg("first", () => Int, { nullable: true, description: "How many from the front, or after `after`." }) first:
      | number
      | null,
    @Arg("after", () => String, { nullable: true, description: "Only what comes after this cursor." }) after:
      | string
      | null,
    @Arg("last", () => Int, { nullable: true, description: "How many from the end, or before `before`." }) last:
      | number
      | null,
    @Arg("before", () => String, { nullable: true, description: "Only what comes before this cursor." }) before:
      | string
      | null,
    @Arg("filter", () => TaskJobFilter, { nullable: true, description: "Which jobs; all when absent." })
    filter: TaskJobFilter | null,
    @Arg("orderBy", () => JobOrderEnum, { nullable: true, description: "CREATED_AT_DESC when absent." })
    orderBy: JobOrder | null,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskJobConnection> {
    const selected = selectedFields(info);
    const parts = {
      jobs: selected.has("edges") || selected.has("nodes") || selected.has("pageInfo"),
      emails: selected.has("edges.node.email") || selected.has("nodes.email"),
      count: selected.has("totalCount"),
    };
    const { viewer, deadline } = context;
    const asked = {
      viewer,
      deadline,
      taskId: task.id,
      filter: filter ?? {},
      order: orderBy ?? "created_desc",
      parts,
    } as const;
    const page = await listJobConnection(context.jobSearches, asked, { first, after, last, before });

    primeEmails(context.emailById, page.emails);
    const nodes = page.rows as readonly TaskJob[];
    return {
      nodes: [...nodes],
      edges: nodes.map((node, index) => ({ node, cursor: page.cursors[index] ?? "" })),
      totalCount: page.count,
      pageInfo: pageInfoOf(page),
    };
  }

  @FieldResolver(() => TaskProgressType, { description: "How far the task has come." })
  async progress(
    @Root() task: Task,
    @Arg("filter", () => TaskJobFilter, { nullable: true, description: "Of which jobs; of all when absent." })
    filter: TaskJobFilter | null,
    @Ctx() { progressOf }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskProgressType> {
    const faults = faultsOfFilter(filter ?? {});
    if (faults.length > 0) throw Failure.ofFields(faults);
    const selected = selectedFields(info);
    const withEmails = selected.has("deliverability") || selected.has("verification");
    const progress = await progressOf(task.id, filter ?? {}, withEmails);
    const { DELIVERABLE, UNDELIVERABLE, RISKY, UNKNOWN } = progress.deliverability;
    return {
      ...progress,
      percent: percentDone(progress),
      isComplete: isComplete(progress),
      deliverability: { deliverable: DELIVERABLE, undeliverable: UNDELIVERABLE, risky: RISKY, unknown: UNKNOWN },
    };
  }
}

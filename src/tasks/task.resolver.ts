import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, FieldResolver, Info, Query, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { Failure, taskNotFound } from "../errors.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { TaskJobFilter } from "../job-search/job-filter.type.ts";
import { faultsOfFilter } from "../paging/filter.ts";
import { Uuid } from "../values/scalars.ts";
import { findTask } from "./find-task.ts";
import { isComplete, percentDone } from "./progress/task-progress.ts";
import { TaskProgressType } from "./progress/task-progress.type.ts";
import type { TaskRecord } from "./task.ts";
import { Task } from "./task.type.ts";

@Resolver(() => Task)
export class TaskResolver {
  @Query(() => Task, {
    description: "One batch verification task. One that is missing and one of somebody else are the same NOT_FOUND.",
  })
  async task(
    @Arg("id", () => Uuid, { description: "The task." }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<TaskRecord> {
    const task = await findTask(context, id);
    if (task === null) throw taskNotFound();
    return task;
  }

  @FieldResolver(() => TaskProgressType, {
    description:
      "How far the task has come. It costs ten fields more than it has for each task. With a filter it costs 50 more for each " +
      "task, and 450 more once for each time the document selects it.",
  })
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

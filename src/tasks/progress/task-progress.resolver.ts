import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, FieldResolver, Info, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../../context.ts";
import { Failure } from "../../errors.ts";
import { selectedFields } from "../../graphql/selected-fields.ts";
import { TaskJobFilter } from "../../job-search/job-filter.type.ts";
import { faultsOfFilter } from "../../paging/filter.ts";
import { Task } from "../task.type.ts";
import { isComplete, percentDone, type TaskProgress } from "./task-progress.ts";
import { TaskProgressType } from "./task-progress.type.ts";

@Resolver(() => Task)
export class TaskProgressResolver {
  @FieldResolver(() => TaskProgressType, {
    description:
      "The progress of the task. In addition to its fields, it costs 10 fields for each task. A filter adds 50 fields for " +
      "each task, and 450 fields for each time that the document selects `progress` with a filter.",
  })
  async progress(
    @Root() task: Task,
    @Arg("filter", () => TaskJobFilter, {
      nullable: true,
      description: "Counts only matching jobs. Without a filter all jobs match.",
    })
    filter: TaskJobFilter | null,
    @Ctx() { progressOf }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskProgressType> {
    const faults = faultsOfFilter(filter ?? {});
    if (faults.length > 0) throw Failure.ofFields(faults);
    return progressFields(await progressOf(task.id, filter ?? {}, selectsEmails(info)));
  }
}

/** Whether the emails must be read for the selected fields of a progress. */
export function selectsEmails(info: GraphQLResolveInfo): boolean {
  const selected = selectedFields(info);
  return selected.has("deliverability") || selected.has("verification");
}

export function progressFields(progress: TaskProgress): TaskProgressType {
  const { DELIVERABLE, UNDELIVERABLE, RISKY, UNKNOWN } = progress.deliverability;
  return {
    ...progress,
    percent: percentDone(progress),
    isComplete: isComplete(progress),
    deliverability: { deliverable: DELIVERABLE, undeliverable: UNDELIVERABLE, risky: RISKY, unknown: UNKNOWN },
  };
}

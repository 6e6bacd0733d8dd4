import { Arg, Ctx, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { jobNotFound } from "../errors.ts";
import type { JobRecord } from "../job-search/job-record.ts";
import { TaskJob } from "../task-jobs/task-job.type.ts";
import { Uuid } from "../values/scalars.ts";
import { findJob } from "./find-job.ts";

@Resolver(() => TaskJob)
export class TaskJobByIdResolver {
  @Query(() => TaskJob, {
    description:
      "One job of a batch verification task. A job that does not exist, was deleted, or belongs to a task that the caller may " +
      "not read is NOT_FOUND. Several jobs of one document are read by one statement.",
  })
  async taskJob(
    @Arg("id", () => Uuid, { description: "The id of the job." }) id: string,
    @Arg("taskId", () => Uuid, {
      nullable: true,
      description:
        "The id of the task that the job belongs to. A job of another task is NOT_FOUND. If the tables are distributed over " +
        "several servers, this argument lets the server of the task be read alone, and without it all servers are read.",
    })
    taskId: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<JobRecord> {
    const job = await findJob(context, { id, taskId: taskId ?? null });
    if (job !== null) return job;
    context.audit("denied", id, "job");
    throw jobNotFound();
  }
}

import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, FieldResolver, Info, Int, Query, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../context.ts";
import type { EmailRecord } from "../email/email.queries.ts";
import { Email } from "../email/email.type.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { JobOrderEnum, TaskJobFilter } from "../job-search/job-filter.type.ts";
import type { JobOrder } from "../job-search/job-order.ts";
import { DEFAULT_LIMIT, DEFAULT_OFFSET, MAX_LIMIT, MAX_OFFSET } from "../paging/page.ts";
import { Uuid } from "../values/scalars.ts";
import { listTaskJobs } from "./list-task-jobs.ts";
import { TaskJob, TaskJobs } from "./task-job.type.ts";

@Resolver(() => TaskJob)
export class TaskJobResolver {
  @Query(() => TaskJobs, {
    description:
      "One page of the jobs of a batch verification task, by default newest first. Callers see their own tasks, admins see all. A task " +
      "that does not exist, is deleted or belongs to another user is NOT_FOUND. A limit or offset out of bounds is " +
      "BAD_USER_INPUT and never clamped.",
  })
  async taskJobs(
    @Arg("taskId", () => Uuid, { description: "The id of the batch verification task." }) taskId: string,
    @Arg("limit", () => Int, {
      defaultValue: DEFAULT_LIMIT,
      description: `The maximum number of jobs on the page, from 1 to ${MAX_LIMIT}. A page with fewer jobs is the last page.`,
    })
    limit: number,
    @Arg("offset", () => Int, {
      defaultValue: DEFAULT_OFFSET,
      description:
        `The number of jobs to skip, from 0 to ${MAX_OFFSET}. A page past the end is empty. Each 1,000 skipped jobs add one ` +
        "field to the cost of the query, up to 1,000 fields. Cursors of `Task.jobs` reach every page without this cost.",
    })
    offset: number,
    @Arg("filter", () => TaskJobFilter, {
      nullable: true,
      description:
        "Returns only matching jobs. `count` and `offset` then count only these. Without a filter all jobs match.",
    })
    filter: TaskJobFilter | null,
    @Arg("orderBy", () => JobOrderEnum, {
      nullable: true,
      description: "The order of the jobs. The default is CREATED_AT_DESC.",
    })
    orderBy: JobOrder | null,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskJobs> {
    const selected = selectedFields(info);
    const select = { jobs: selected.has("jobs"), count: selected.has("count") };
    const page = { limit, offset };
    const order = orderBy ?? "created_desc";
    const { jobs, count } = await listTaskJobs(context, { taskId, page, filter: filter ?? {}, order, select });
    return { jobs, count, ...page };
  }

  @FieldResolver(() => Email, {
    nullable: true,
    description:
      "The result of the verification. Null if there is no result yet or if its record was deleted. One statement reads " +
      "the emails of a whole page.",
  })
  email(@Root() job: TaskJob, @Ctx() context: RequestContext): Promise<EmailRecord | null> | null {
    return job.emailId === null ? null : context.emailById.load(job.emailId);
  }
}

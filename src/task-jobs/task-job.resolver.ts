import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, FieldResolver, Info, Int, Query, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../context.ts";
import type { EmailRecord } from "../email/email.queries.ts";
import { Email } from "../email/email.type.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { TaskJobFilter } from "../job-search/job-filter.type.ts";
import { DEFAULT_LIMIT, DEFAULT_OFFSET, MAX_LIMIT, MAX_OFFSET } from "../paging/page.ts";
import { Uuid } from "../values/scalars.ts";
import { listTaskJobs } from "./list-task-jobs.ts";
import { TaskJob, TaskJobs } from "./task-job.type.ts";

@Resolver(() => TaskJob)
export class TaskJobResolver {
  @Query(() => TaskJobs, {
    description:
      "One page of the jobs of a batch verification task, newest first. A task that does not exist and a task of " +
      "somebody else are the same NOT_FOUND; an admin sees every task. A limit or offset out of bounds is BAD_USER_INPUT, " +
      "never clamped.",
  })
  async taskJobs(
    @Arg("taskId", () => Uuid, { description: "The batch verification task." }) taskId: string,
    @Arg("limit", () => Int, {
      defaultValue: DEFAULT_LIMIT,
      description: `How many jobs at the most, from 1 to ${MAX_LIMIT}. A page shorter than this is the last one.`,
    })
    limit: number,
    @Arg("offset", () => Int, {
      defaultValue: DEFAULT_OFFSET,
      description:
        `How many jobs to skip, from 0 to ${MAX_OFFSET}. Past the end the page is empty. Every 1,000 skipped jobs cost one ` +
        "field, and any offset at most 1,000 fields. The connection `Task.jobs` reads deep pages at no such cost.",
    })
    offset: number,
    @Arg("filter", () => TaskJobFilter, {
      nullable: true,
      description: "Which jobs; all when absent. `count` and `offset` are those of the jobs that match.",
    })
    filter: TaskJobFilter | null,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<TaskJobs> {
    const selected = selectedFields(info);
    const select = { jobs: selected.has("jobs"), count: selected.has("count") };
    const page = { limit, offset };
    const { jobs, count } = await listTaskJobs(context, { taskId, page, filter: filter ?? {}, select });
    return { jobs, count, ...page };
  }

  @FieldResolver(() => Email, {
    nullable: true,
    description:
      "The result of the verification. Null while there is none, and when the record was deleted. One statement reads " +
      "the emails of a whole page.",
  })
  email(@Root() job: TaskJob, @Ctx() context: RequestContext): Promise<EmailRecord | null> | null {
    return job.emailId === null ? null : context.emailById.load(job.emailId);
  }
}

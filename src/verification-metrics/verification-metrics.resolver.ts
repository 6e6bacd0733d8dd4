import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, Info, Query, Resolver } from "type-graphql";
import type { RequestContext } from "../context.ts";
import { Failure, type FieldFault } from "../errors.ts";
import { selectedFields } from "../graphql/selected-fields.ts";
import { progressFields } from "../tasks/progress/task-progress.resolver.ts";
import { faultOfRfc3339 } from "../values/rfc3339.ts";
import { DateTime, Uuid } from "../values/scalars.ts";
import { VerificationMetrics } from "./verification-metrics.type.ts";

@Resolver(() => VerificationMetrics)
export class VerificationMetricsResolver {
  @Query(() => VerificationMetrics, {
    description:
      "The results of all tasks of one user, counted together: those of the caller, unless an admin names another user. " +
      "`from` and `to` restrict the counts to jobs and tasks that were created in this range. In addition to " +
      "its fields, it costs 500 fields.",
  })
  async verificationMetrics(
    @Arg("userId", () => Uuid, {
      nullable: true,
      description:
        "The user whose tasks are counted; the default is the caller. Useful to admins, because other users see only their own tasks.",
    })
    userId: string | null | undefined,
    @Arg("from", () => DateTime, {
      nullable: true,
      description: "Counts only jobs and tasks that were created at or after this time.",
    })
    from: string | null | undefined,
    @Arg("to", () => DateTime, {
      nullable: true,
      description: "Counts only jobs and tasks that were created before this time.",
    })
    to: string | null | undefined,
    @Ctx() { viewer, deadline, readMetrics, readAfter }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<VerificationMetrics> {
    const selected = selectedFields(info);
    const parts = {
      jobs: ["progress", "lastRequestedAt", "lastCompletedAt"].some((name) => selected.has(name)),
      tasks: selected.has("totalTasks"),
      addresses: selected.has("uniqueEmailAddresses"),
    };
    const range = { viewer, userId: userId ?? viewer.userId, from: from ?? null, to: to ?? null };
    const faults = [...faultsOfMoment("from", range.from), ...faultsOfMoment("to", range.to)];
    if (faults.length > 0) throw Failure.ofFields(faults);
    const { progress, ...metrics } = await readMetrics({ range, parts, deadline, readAfter });
    return {
      ...metrics,
      userId: range.userId,
      progress: progressFields(progress),
    };
  }
}

function faultsOfMoment(field: string, moment: string | null): FieldFault[] {
  const reason = moment === null ? null : faultOfRfc3339(moment);
  return reason === null ? [] : [{ field, reason }];
}

import { Field, Int, ObjectType } from "type-graphql";
import { TaskProgressType } from "../tasks/progress/task-progress.type.ts";
import { DateTime, Uuid } from "../values/scalars.ts";

@ObjectType({
  description:
    "The jobs of all tasks of one user, counted together. The requests of one user share a result. It is at most one second old or, " +
    "if the count takes longer than half a second, at most twice as old as the count took. If the count takes longer than a " +
    "request may take, the request ends with DEPENDENCY_TIMEOUT, and requests within the next minute receive the result of " +
    "that count.",
})
export class VerificationMetrics {
  @Field(() => Uuid, {
    simple: true,
    description: "The user whose tasks are counted.",
  })
  readonly userId!: string;

  @Field(() => Int, {
    simple: true,
    description: "The number of tasks, with or without jobs. Counted only if selected.",
  })
  readonly totalTasks!: number;

  @Field(() => Int, {
    simple: true,
    description: "The number of different addresses of the jobs; A to Z count as a to z. Counted only if selected.",
  })
  readonly uniqueEmailAddresses!: number;

  @Field(() => TaskProgressType, {
    simple: true,
    description:
      "The numbers of jobs by status and by result, over all these tasks together. Counted only if selected.",
  })
  readonly progress!: TaskProgressType;

  @Field(() => DateTime, {
    simple: true,
    nullable: true,
    description: "When the newest of the jobs was accepted. Null if there are no jobs.",
  })
  readonly lastRequestedAt!: string | null;

  @Field(() => DateTime, {
    simple: true,
    nullable: true,
    description: "When the last verification ended. Null if none has ended.",
  })
  readonly lastCompletedAt!: string | null;
}

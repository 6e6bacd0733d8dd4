import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { isInterfaceType, lexicographicSortSchema, printSchema } from "graphql";
import { buildSchemaSync, type PubSub } from "type-graphql";
import { ViewerResolver } from "../auth/viewer.resolver.ts";
import { EmailResolver } from "../email/email.resolver.ts";
import { LiveResolver } from "../live/live.resolver.ts";
import { typeOfNode } from "../nodes/find-node.ts";
import { NodeResolver } from "../nodes/node.resolver.ts";
import { TaskJobByIdResolver } from "../nodes/task-job-by-id.resolver.ts";
import { TaskJobResolver } from "../task-jobs/task-job.resolver.ts";
import { TaskProgressResolver } from "../tasks/progress/task-progress.resolver.ts";
import { TaskResolver } from "../tasks/task.resolver.ts";
import { TaskJobsConnectionResolver } from "../tasks/task-jobs.resolver.ts";
import { VerificationMetricsResolver } from "../verification-metrics/verification-metrics.resolver.ts";

/** type-graphql requires an object, although all subscriptions have a `subscribe` function and use no topics. */
const NO_PUB_SUB: PubSub = {
  publish() {},
  subscribe() {
    throw new Error("no subscription uses topics");
  },
};

/** Builds the schema. Call it once per process: type-graphql keeps every schema (MichalLytek/type-graphql#580). */
export function buildTaskJobsSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      TaskJobResolver,
      TaskJobsConnectionResolver,
      TaskResolver,
      TaskProgressResolver,
      NodeResolver,
      TaskJobByIdResolver,
      VerificationMetricsResolver,
      ViewerResolver,
      EmailResolver,
      LiveResolver,
    ],
    pubSub: NO_PUB_SUB,
    // The checks of our own code name the wrong field. type-graphql's checks would echo the caller's input.
    validate: false,
  });
  // type-graphql has no option for the description of the root type.
  const query = schema.getQueryType();
  if (query)
    query.description = "The queries of this API. Every query returns only the tasks that the caller may read.";
  const subscription = schema.getSubscriptionType();
  if (subscription)
    subscription.description =
      "The subscriptions of this API, sent as a stream of events (`Accept: text/event-stream`), see docs/live.md.";
  // type-graphql makes every `resolveType` asynchronous, which graphql-jit does not support.
  const node = schema.getType("Node");
  if (isInterfaceType(node)) node.resolveType = typeOfNode;
  return schema;
}

/** The text of `schema.graphql`. */
export function printTaskJobsSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

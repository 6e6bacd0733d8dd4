import "reflect-metadata";
import { ApolloServer } from "@apollo/server";
import { expressMiddleware } from "@as-integrations/express5";
import express from "express";
import { Arg, buildSchema, Ctx, Field, FieldResolver, ID, Int, ObjectType, Query, Resolver, Root } from "type-graphql";
import { openDrizzleQueries } from "./drizzle-queries.mjs";
import { openEmailLoader } from "./email-loader.mjs";
import { serve } from "./support.mjs";

// The stack as its tutorials put it together, with every default left alone. The decorators are called by hand, since
// this is JavaScript; what they build is the same.
class Email {}
for (const name of ["status", "email"]) Field(() => String)(Email.prototype, name);
for (const name of ["domainName", "hostName", "serverType", "unknownReason"]) {
  Field(() => String, { nullable: true })(Email.prototype, name);
}
const EMAIL_FLAGS = [
  "isRoleBased",
  "isDisposable",
  "hasMxRecords",
  "hasReverseDns",
  "isCatchall",
  "needsPhysicalVerify",
];
for (const name of EMAIL_FLAGS) Field(() => Boolean)(Email.prototype, name);
Field(() => ID)(Email.prototype, "id");
Field(() => Date, { nullable: true })(Email.prototype, "validatedAt");
ObjectType()(Email);

class TaskJob {}
for (const name of ["id", "taskId"]) Field(() => ID)(TaskJob.prototype, name);
for (const name of ["emailAddress", "status"]) Field(() => String)(TaskJob.prototype, name);
for (const name of ["createdAt", "updatedAt"]) Field(() => Date)(TaskJob.prototype, name);
ObjectType()(TaskJob);

class TaskJobs {}
Field(() => [TaskJob])(TaskJobs.prototype, "jobs");
ObjectType()(TaskJobs);

const queries = openDrizzleQueries();

class TaskJobResolver {
  async taskJobs(taskId, limit, offset) {
    return { jobs: await queries.findJobs({ taskId, limit, offset }) };
  }

  async email(job, context) {
    return job.emailId === null ? null : await context.emailById.load(job.emailId);
  }
}
const resolvers = TaskJobResolver.prototype;
Arg("taskId", () => ID)(resolvers, "taskJobs", 0);
Arg("limit", () => Int, { defaultValue: 10 })(resolvers, "taskJobs", 1);
Arg("offset", () => Int, { defaultValue: 0 })(resolvers, "taskJobs", 2);
Query(() => TaskJobs)(resolvers, "taskJobs", Object.getOwnPropertyDescriptor(resolvers, "taskJobs"));
Root()(resolvers, "email", 0);
Ctx()(resolvers, "email", 1);
FieldResolver(() => Email, { nullable: true })(resolvers, "email", Object.getOwnPropertyDescriptor(resolvers, "email"));
Resolver(() => TaskJob)(TaskJobResolver);

const server = new ApolloServer({ schema: await buildSchema({ resolvers: [TaskJobResolver] }) });
await server.start();
const app = express();
app.use(
  "/graphql",
  express.json(),
  expressMiddleware(server, { context: async () => ({ emailById: openEmailLoader(queries) }) }),
);
await serve(app);

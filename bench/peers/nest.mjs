import "reflect-metadata";
import { ApolloDriver } from "@nestjs/apollo";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  Args,
  Context,
  Field,
  GraphQLModule,
  ID,
  Int,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
} from "@nestjs/graphql";
import { openDrizzleQueries } from "./drizzle-queries.mjs";
import { openEmailLoader } from "./email-loader.mjs";
import { announce } from "./support.mjs";

// Code first, with every default left alone. The decorators are called by hand, since this is JavaScript.
const nullable = { nullable: true };

class Email {}
for (const name of ["status", "email"]) Field(() => String)(Email.prototype, name);
for (const name of ["domainName", "hostName", "serverType", "unknownReason"]) {
  Field(() => String, nullable)(Email.prototype, name);
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
Field(() => Date, nullable)(Email.prototype, "validatedAt");
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
// What TypeScript would emit: Nest reads it even where every type is said.
Reflect.defineMetadata("design:paramtypes", [String, Number, Number], resolvers, "taskJobs");
Reflect.defineMetadata("design:paramtypes", [TaskJob, Object], resolvers, "email");
Args("taskId", { type: () => ID })(resolvers, "taskJobs", 0);
Args("limit", { type: () => Int, defaultValue: 10 })(resolvers, "taskJobs", 1);
Args("offset", { type: () => Int, defaultValue: 0 })(resolvers, "taskJobs", 2);
Query(() => TaskJobs)(resolvers, "taskJobs", Object.getOwnPropertyDescriptor(resolvers, "taskJobs"));
Parent()(resolvers, "email", 0);
Context()(resolvers, "email", 1);
ResolveField("email", () => Email, nullable)(resolvers, "email", Object.getOwnPropertyDescriptor(resolvers, "email"));
Resolver(() => TaskJob)(TaskJobResolver);

class AppModule {}
Module({
  imports: [
    GraphQLModule.forRoot({
      driver: ApolloDriver,
      autoSchemaFile: true,
      context: () => ({ emailById: openEmailLoader(queries) }),
    }),
  ],
  providers: [TaskJobResolver],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, "127.0.0.1");
announce(await app.getUrl());

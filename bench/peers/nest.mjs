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
import { decorateMethod, defineTypes, resolverOf } from "./code-first.mjs";
import { createDrizzleQueries } from "./drizzle-queries.mjs";
import { createEmailLoader } from "./email-loader.mjs";
import { announce } from "./support.mjs";

// Code first, with all defaults.
const nullable = { nullable: true };
const { Email, TaskJob, TaskJobs } = defineTypes({ Field, ID, ObjectType });
const queries = createDrizzleQueries();
const TaskJobResolver = resolverOf(queries);
const resolvers = TaskJobResolver.prototype;
// Metadata that TypeScript would emit. Nest reads it even if every type is given explicitly.
Reflect.defineMetadata("design:paramtypes", [String, Number, Number], resolvers, "taskJobs");
Reflect.defineMetadata("design:paramtypes", [TaskJob, Object], resolvers, "email");
Args("taskId", { type: () => ID })(resolvers, "taskJobs", 0);
Args("limit", { type: () => Int, defaultValue: 10 })(resolvers, "taskJobs", 1);
Args("offset", { type: () => Int, defaultValue: 0 })(resolvers, "taskJobs", 2);
decorateMethod(
  resolvers,
  "taskJobs",
  Query(() => TaskJobs),
);
Parent()(resolvers, "email", 0);
Context()(resolvers, "email", 1);
decorateMethod(
  resolvers,
  "email",
  ResolveField("email", () => Email, nullable),
);
Resolver(() => TaskJob)(TaskJobResolver);

class AppModule {}
Module({
  imports: [
    GraphQLModule.forRoot({
      driver: ApolloDriver,
      autoSchemaFile: true,
      context: () => ({ emailById: createEmailLoader(queries) }),
    }),
  ],
  providers: [TaskJobResolver],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, "127.0.0.1");
announce(await app.getUrl());

import "reflect-metadata";
import { ApolloServer } from "@apollo/server";
import { expressMiddleware } from "@as-integrations/express5";
import express from "express";
import { Arg, buildSchema, Ctx, Field, FieldResolver, ID, Int, ObjectType, Query, Resolver, Root } from "type-graphql";
import { decorateMethod, defineTypes, resolverOf } from "./code-first.mjs";
import { createDrizzleQueries } from "./drizzle-queries.mjs";
import { createEmailLoader } from "./email-loader.mjs";
import { serve } from "./support.mjs";

// The stack as its tutorials describe it, with all defaults.
const { Email, TaskJob, TaskJobs } = defineTypes({ Field, ID, ObjectType });
const queries = createDrizzleQueries();
const TaskJobResolver = resolverOf(queries);
const resolvers = TaskJobResolver.prototype;
Arg("taskId", () => ID)(resolvers, "taskJobs", 0);
Arg("limit", () => Int, { defaultValue: 10 })(resolvers, "taskJobs", 1);
Arg("offset", () => Int, { defaultValue: 0 })(resolvers, "taskJobs", 2);
decorateMethod(
  resolvers,
  "taskJobs",
  Query(() => TaskJobs),
);
Root()(resolvers, "email", 0);
Ctx()(resolvers, "email", 1);
decorateMethod(
  resolvers,
  "email",
  FieldResolver(() => Email, { nullable: true }),
);
Resolver(() => TaskJob)(TaskJobResolver);

const server = new ApolloServer({ schema: await buildSchema({ resolvers: [TaskJobResolver] }) });
await server.start();
const app = express();
app.use(
  "/graphql",
  express.json(),
  expressMiddleware(server, { context: async () => ({ emailById: createEmailLoader(queries) }) }),
);
await serve(app);

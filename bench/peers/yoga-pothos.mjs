import { useGraphQlJit } from "@envelop/graphql-jit";
import SchemaBuilder from "@pothos/core";
import DataloaderPlugin from "@pothos/plugin-dataloader";
import { createYoga } from "graphql-yoga";
import { createDrizzleQueries } from "./drizzle-queries.mjs";
import { createPreparedQueries } from "./prepared-queries.mjs";
import { serve } from "./support.mjs";

// By default Yoga and Pothos use drizzle with its defaults. JIT=on uses compiled queries and the queries of the baseline.
const isTuned = process.env.JIT === "on";
/** @type {import("./support.mjs").PageQueries} */
const queries = isTuned ? createPreparedQueries("camel") : createDrizzleQueries();
const momentOf = (value) => (value instanceof Date ? value.toISOString() : value);

const builder = new SchemaBuilder({ plugins: [DataloaderPlugin] });
const Email = builder.objectRef("Email").implement({
  fields: (t) => ({
    id: t.exposeID("id"),
    email: t.exposeString("email"),
    status: t.exposeString("status"),
    isRoleBased: t.exposeBoolean("isRoleBased"),
    isDisposable: t.exposeBoolean("isDisposable"),
    hasMxRecords: t.exposeBoolean("hasMxRecords"),
    hasReverseDns: t.exposeBoolean("hasReverseDns"),
    domainName: t.exposeString("domainName", { nullable: true }),
    hostName: t.exposeString("hostName", { nullable: true }),
    serverType: t.exposeString("serverType", { nullable: true }),
    isCatchall: t.exposeBoolean("isCatchall"),
    validatedAt: t.string({ nullable: true, resolve: (email) => momentOf(email.validatedAt) }),
    unknownReason: t.exposeString("unknownReason", { nullable: true }),
    needsPhysicalVerify: t.exposeBoolean("needsPhysicalVerify"),
  }),
});
const TaskJob = builder.objectRef("TaskJob").implement({
  fields: (t) => ({
    id: t.exposeID("id"),
    taskId: t.exposeID("taskId"),
    emailAddress: t.exposeString("emailAddress"),
    status: t.exposeString("status"),
    createdAt: t.string({ resolve: (job) => momentOf(job.createdAt) }),
    updatedAt: t.string({ resolve: (job) => momentOf(job.updatedAt) }),
    email: t.loadable({
      type: Email,
      nullable: true,
      load: async (ids) => {
        const found = await queries.findEmails(ids);
        return ids.map((id) => found.get(id) ?? null);
      },
      resolve: (job) => job.emailId,
    }),
  }),
});
const TaskJobs = builder.objectRef("TaskJobs").implement({
  fields: (t) => ({ jobs: t.field({ type: [TaskJob], resolve: ({ jobs }) => jobs }) }),
});
builder.queryType({
  fields: (t) => ({
    taskJobs: t.field({
      type: TaskJobs,
      args: {
        taskId: t.arg.id({ required: true }),
        limit: t.arg.int({ required: true, defaultValue: 10 }),
        offset: t.arg.int({ required: true, defaultValue: 0 }),
      },
      // JavaScript cannot give the type argument of objectRef.
      resolve: async (_, page) => /** @type {any} */ ({ jobs: await queries.findJobs(page) }),
    }),
  }),
});

await serve(createYoga({ schema: builder.toSchema(), logging: false, plugins: isTuned ? [useGraphQlJit()] : [] }));

import fastify from "fastify";
import mercurius from "mercurius";
import { createPreparedQueries } from "./prepared-queries.mjs";
import { announce } from "./support.mjs";

// Mercurius as its users tune it: compiled queries, batching loaders, and the queries of the baseline. The cache of the loaders
// is off, because it would serialise every job as a key.
const schema = `
  type Query { taskJobs(taskId: ID!, limit: Int! = 10, offset: Int! = 0): TaskJobs! }
  type TaskJobs { jobs: [TaskJob!]! }
  type TaskJob {
    id: ID! taskId: ID! emailAddress: String! status: String! email: Email createdAt: String! updatedAt: String!
  }
  type Email {
    id: ID! email: String! status: String! isRoleBased: Boolean! isDisposable: Boolean! hasMxRecords: Boolean!
    hasReverseDns: Boolean! domainName: String hostName: String serverType: String isCatchall: Boolean!
    validatedAt: String unknownReason: String needsPhysicalVerify: Boolean!
  }
`;

const queries = createPreparedQueries("camel");
const resolvers = { Query: { taskJobs: async (_, page) => ({ jobs: await queries.findJobs(page) }) } };
const loaders = {
  TaskJob: {
    email: {
      async loader(wanted) {
        const found = await queries.findEmails(wanted.flatMap(({ obj }) => obj.emailId ?? []));
        return wanted.map(({ obj }) => found.get(obj.emailId) ?? null);
      },
      opts: { cache: false },
    },
  },
};

const app = fastify();
await app.register(mercurius, { schema, resolvers, loaders, jit: 1 });
announce(await app.listen({ port: 0, host: "127.0.0.1" }));

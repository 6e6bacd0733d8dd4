import { DRIZZLE_GRAPHQL_DOCUMENT, POSTGRAPHILE_DOCUMENT, pageDocument } from "./documents.mjs";

/**
 * The servers that are compared. `file` is started by node, `document` requests the page in the server's schema, and `readJobs`
 * returns the jobs of a response.
 */
const peer = (file) => new URL(`peers/${file}`, import.meta.url);
const codeFirst = { document: pageDocument("ID"), readJobs: (answer) => answer.data.taskJobs.jobs };

export const BASELINE = { name: "baseline", label: "by hand: node:http, postgres.js", file: peer("baseline.mjs") };

export const OURS = {
  ...codeFirst,
  name: "ours",
  label: "this service",
  file: new URL("../dist/main.js", import.meta.url),
  environment: { LOG_LEVEL: "silent", GRAPHIQL: "off" },
  document: pageDocument("UUID"),
};

const restPeers = [
  {
    name: "baseline-date",
    label: "the baseline with timestamps as Date",
    file: peer("baseline.mjs"),
    environment: { TIMESTAMPS: "date" },
  },
  { name: "express-drizzle", label: "Express 5 + drizzle by hand", file: peer("express-drizzle.mjs") },
  { name: "fastify", label: "Fastify + fast-json-stringify by hand", file: peer("fastify.mjs") },
];

const graphqlPeers = [
  {
    ...codeFirst,
    name: "apollo-default",
    label: "Apollo 5 + type-graphql + drizzle, defaults",
    file: peer("apollo-default.mjs"),
  },
  { ...codeFirst, name: "nest", label: "NestJS GraphQL (Apollo driver)", file: peer("nest.mjs") },
  { ...codeFirst, name: "mercurius", label: "Mercurius, loaders and jit", file: peer("mercurius.mjs") },
  { ...codeFirst, name: "yoga", label: "GraphQL Yoga + Pothos", file: peer("yoga-pothos.mjs") },
  {
    ...codeFirst,
    name: "yoga-jit",
    label: "GraphQL Yoga + Pothos, jit",
    file: peer("yoga-pothos.mjs"),
    environment: { JIT: "on" },
  },
  {
    name: "postgraphile",
    label: "PostGraphile 5",
    file: peer("postgraphile.mjs"),
    document: POSTGRAPHILE_DOCUMENT,
    readJobs: codeFirst.readJobs,
  },
  {
    name: "drizzle-graphql",
    label: "drizzle-graphql + Yoga",
    file: peer("drizzle-graphql.mjs"),
    document: DRIZZLE_GRAPHQL_DOCUMENT,
    readJobs: (answer) => answer.data.jobs,
  },
];

/** A peer that fails is skipped. The baseline and this service must not fail. */
const asPeer = (opponent) => ({ ...opponent, isPeer: true });
export const REST_PEERS = restPeers.map(asPeer);
export const GRAPHQL_PEERS = graphqlPeers.map(asPeer);

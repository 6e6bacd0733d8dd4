import { DRIZZLE_GRAPHQL_DOCUMENT, POSTGRAPHILE_DOCUMENT, pageDocument } from "./documents.mjs";

/** @import { Competitor, GraphqlCompetitor, PageAnswer } from "./types.ts" */

const peerFile = (name) => new URL(`peers/${name}.mjs`, import.meta.url);

/** The schemas of the code-first servers differ only in the type of the id. */
const CODE_FIRST = {
  document: pageDocument("ID"),
  readJobs: (/** @type {PageAnswer} */ answer) => answer.data.taskJobs.jobs,
};

/** @type {Competitor} */
export const BASELINE = { name: "baseline", label: "by hand: node:http, postgres.js", file: peerFile("baseline") };

/** @type {GraphqlCompetitor} */
export const OURS = {
  ...CODE_FIRST,
  name: "ours",
  label: "this service",
  file: new URL("../dist/main.js", import.meta.url),
  environment: { LOG_LEVEL: "silent", GRAPHIQL: "off" },
  document: pageDocument("UUID"),
};

/** @type {Competitor[]} */
export const REST_PEERS = [
  {
    name: "baseline-date",
    label: "the baseline with timestamps as Date",
    file: peerFile("baseline"),
    environment: { TIMESTAMPS: "date" },
    isPeer: true,
  },
  { name: "express-drizzle", label: "Express 5 + drizzle by hand", file: peerFile("express-drizzle"), isPeer: true },
  { name: "fastify", label: "Fastify + fast-json-stringify by hand", file: peerFile("fastify"), isPeer: true },
];

/** @type {GraphqlCompetitor[]} */
export const GRAPHQL_PEERS = [
  {
    ...CODE_FIRST,
    name: "apollo-default",
    label: "Apollo 5 + type-graphql + drizzle, defaults",
    file: peerFile("apollo-default"),
    isPeer: true,
  },
  { ...CODE_FIRST, name: "nest", label: "NestJS GraphQL (Apollo driver)", file: peerFile("nest"), isPeer: true },
  { ...CODE_FIRST, name: "mercurius", label: "Mercurius, loaders and jit", file: peerFile("mercurius"), isPeer: true },
  { ...CODE_FIRST, name: "yoga", label: "GraphQL Yoga + Pothos", file: peerFile("yoga-pothos"), isPeer: true },
  {
    ...CODE_FIRST,
    name: "yoga-jit",
    label: "GraphQL Yoga + Pothos, jit",
    file: peerFile("yoga-pothos"),
    environment: { JIT: "on" },
    isPeer: true,
  },
  {
    name: "postgraphile",
    label: "PostGraphile 5",
    file: peerFile("postgraphile"),
    document: POSTGRAPHILE_DOCUMENT,
    readJobs: CODE_FIRST.readJobs,
    isPeer: true,
  },
  {
    name: "drizzle-graphql",
    label: "drizzle-graphql + Yoga",
    file: peerFile("drizzle-graphql"),
    document: DRIZZLE_GRAPHQL_DOCUMENT,
    readJobs: (answer) => answer.data.jobs,
    isPeer: true,
  },
];

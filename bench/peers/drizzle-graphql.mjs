import { buildSchema } from "drizzle-graphql";
import { createYoga } from "graphql-yoga";
import { createDrizzle } from "./drizzle-queries.mjs";
import { serve } from "./support.mjs";

// The schema is derived from the drizzle tables. The server is the one in the README of drizzle-graphql.
const { schema } = buildSchema(createDrizzle());
await serve(createYoga({ schema, logging: false }));

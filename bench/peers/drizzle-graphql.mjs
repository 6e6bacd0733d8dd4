import { buildSchema } from "drizzle-graphql";
import { createYoga } from "graphql-yoga";
import { openDrizzle } from "./drizzle-queries.mjs";
import { serve } from "./support.mjs";

// The schema comes from the drizzle tables, the server is the one in its README.
const { schema } = buildSchema(openDrizzle());
await serve(createYoga({ schema, logging: false }));

import { writeFileSync } from "node:fs";
import { buildTaskJobsSchema, printTaskJobsSchema } from "./schema.ts";

writeFileSync(new URL("../../schema.graphql", import.meta.url), printTaskJobsSchema(buildTaskJobsSchema()));

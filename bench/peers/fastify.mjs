import fastify from "fastify";
import { createPreparedQueries, findJobsWithEmails } from "./prepared-queries.mjs";
import { announce } from "./support.mjs";

// Fastify compiles these schemas with fast-json-stringify, the fastest way to write JSON. Uses the queries of the baseline.
const text = { type: "string" };
const optionalText = { type: "string", nullable: true };
const flag = { type: "boolean" };
const object = (properties) => ({ type: "object", properties });

const email = object({
  id: text,
  email: text,
  status: text,
  is_role_based: flag,
  is_disposable: flag,
  has_mx_records: flag,
  has_reverse_dns: flag,
  domain_name: optionalText,
  host_name: optionalText,
  server_type: optionalText,
  is_catchall: flag,
  validated_at: optionalText,
  unknown_reason: optionalText,
  needs_physical_verify: flag,
});
const job = object({
  id: text,
  task_id: text,
  email_address: text,
  status: text,
  email,
  created_at: text,
  updated_at: text,
});
const answer = object({ jobs: { type: "array", items: job }, limit: { type: "integer" }, offset: { type: "integer" } });
const querystring = object({
  limit: { type: "integer", minimum: 1, maximum: 100, default: 10 },
  offset: { type: "integer", minimum: 0, default: 0 },
});

const queries = createPreparedQueries("snake");
const app = fastify();
app.get("/api/v1/tasks/:taskId/jobs", { schema: { querystring, response: { 200: answer } } }, async (request) => {
  const { limit, offset } = /** @type {{ limit: number, offset: number }} */ (request.query);
  const { taskId } = /** @type {{ taskId: string }} */ (request.params);
  const page = { taskId, limit, offset };
  return { jobs: await findJobsWithEmails(queries, page), limit, offset };
});
announce(await app.listen({ port: 0, host: "127.0.0.1" }));

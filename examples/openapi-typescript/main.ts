import createClient from "openapi-fetch";
import type { paths } from "./generated/api.ts";
import { key, taskId, url } from "./settings.ts";

// Paths, parameters, responses and errors have the types of openapi.json.
const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

const task = await api.GET("/api/v1/tasks/{id}", { params: { path: { id: taskId } } });
if (task.error !== undefined) throw new Error(task.error.error.message);
const { metrics } = task.data;
console.log(`${metrics.progress_percent} % of ${metrics.total_email_addresses} addresses are done.`);

const undeliverable = await api.GET("/api/v1/tasks/{id}/jobs", {
  params: { path: { id: taskId }, query: { limit: 3, deliverability: ["undeliverable"] } },
});
if (undeliverable.error !== undefined) throw new Error(undeliverable.error.error.message);
console.log(`Mail to ${undeliverable.data.count} addresses would bounce. The newest:`);
for (const { email } of undeliverable.data.jobs) console.log(`  ${email?.status}, verified at ${email?.validated_at}`);

const refused = await api.GET("/api/v1/tasks/{id}/jobs", { params: { path: { id: taskId }, query: { limit: 1000 } } });
const { code, details } = refused.error?.error ?? {};
console.log(
  `A wrong parameter is refused: ${refused.response.status} ${code}, ${details?.[0]?.field} ${details?.[0]?.reason}`,
);

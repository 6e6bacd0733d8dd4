import express from "express";
import { createDrizzleQueries } from "./drizzle-queries.mjs";
import { serve } from "./support.mjs";

// A usual REST service: Express 5 and drizzle with their defaults.
const queries = createDrizzleQueries();
const app = express();

app.get("/api/v1/tasks/:taskId/jobs", async (request, response) => {
  const page = {
    taskId: request.params.taskId,
    limit: Number(request.query.limit ?? 10),
    offset: Number(request.query.offset ?? 0),
  };
  const jobs = await queries.findJobs(page);
  const emails = await queries.findEmails(jobs.flatMap((job) => job.emailId ?? []));
  response.json({
    jobs: jobs.map((job) => jobOf(job, emails.get(job.emailId ?? ""))),
    limit: page.limit,
    offset: page.offset,
  });
});

function jobOf(job, email) {
  return {
    id: job.id,
    task_id: job.taskId,
    email_address: job.emailAddress,
    status: job.status,
    email: email && {
      id: email.id,
      email: email.email,
      status: email.status,
      is_role_based: email.isRoleBased,
      is_disposable: email.isDisposable,
      has_mx_records: email.hasMxRecords,
      has_reverse_dns: email.hasReverseDns,
      domain_name: email.domainName,
      host_name: email.hostName,
      server_type: email.serverType,
      is_catchall: email.isCatchall,
      validated_at: email.validatedAt,
      unknown_reason: email.unknownReason,
      needs_physical_verify: email.needsPhysicalVerify,
    },
    created_at: job.createdAt,
    updated_at: job.updatedAt,
  };
}

await serve(app);

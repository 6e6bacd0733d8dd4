import { createPreparedQueries, findJobsWithEmails } from "./prepared-queries.mjs";
import { connectForText, connectWithDefaults, readJobsRequest, serve } from "./support.mjs";

// Handwritten code without a framework, authentication, limits, headers and error handling: two prepared queries, a map and
// JSON.stringify. Timestamps as text keep microseconds and are cheaper than Date, the default of postgres.js.
const sql = process.env.TIMESTAMPS === "date" ? connectWithDefaults() : connectForText();
const queries = createPreparedQueries("snake", sql);

await serve(async (request, response) => {
  const page = readJobsRequest(request.url ?? "/");
  if (page === null) {
    response.writeHead(404).end();
    return;
  }
  const jobs = findJobsWithEmails(queries, page);
  const count = page.isCounted ? queries.countJobs(page) : undefined;
  const body = JSON.stringify({ jobs: await jobs, count: await count, limit: page.limit, offset: page.offset });
  response.writeHead(200, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
});

import { findJobsWithEmails, openPreparedQueries } from "./prepared-queries.mjs";
import { connectForText, connectWithDefaults, readJobsRequest, serve } from "./support.mjs";

// What a good engineer writes with no framework: two prepared queries, a map, JSON.stringify. It asks nobody who he is,
// counts only when asked to, and has no limits, headers or error answers worth the name.
// Timestamps as text are the contract's microseconds, and cheaper; as Date they are what postgres.js gives unasked.
const sql = process.env.TIMESTAMPS === "date" ? connectWithDefaults() : connectForText();
const queries = openPreparedQueries("snake", sql);

await serve(async (request, response) => {
  const page = readJobsRequest(request.url);
  if (page === null) {
    response.writeHead(404).end();
    return;
  }
  const isCounted = request.url.endsWith("&count=1");
  const jobs = findJobsWithEmails(queries, page);
  const count = isCounted ? queries.countJobs(page) : undefined;
  const body = JSON.stringify({ jobs: await jobs, count: await count, limit: page.limit, offset: page.offset });
  response.writeHead(200, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
});

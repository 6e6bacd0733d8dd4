import { dirname } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { aJob, aTask } from "../support/builders.ts";
import { findProgram, LONG_TIMEOUTS, type RunningExample, startExample } from "../support/example.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer({
  environment: {
    ...LONG_TIMEOUTS,
    TRUSTED_DOCUMENTS: "examples/graphql-codegen/generated/persisted-documents.json",
  },
});

/**
 * The lines that each example prints about a task of 120 jobs, newest first: 60 valid, 30 catchall, 20 invalid, 10 failed.
 */
const ONE_SHOT: Readonly<Record<string, readonly string[]>> = {
  "apollo-client": [
    "The cache has 100 of 120 jobs after two pages.",
    "COMPLETED, DELIVERABLE",
    "A task that does not exist is refused: NOT_FOUND",
  ],
  axios: [
    "120 jobs are done. The newest 5:",
    "A wrong parameter is refused: 400 VALIDATION_ERROR, limit must be an integer from 1 to 100",
  ],
  curl: [
    '"count":120,"limit":1',
    'rel="next"',
    "304",
    '{"data":{"taskJobs":{"count":120,',
    '"code":"VALIDATION_ERROR"',
  ],
  "graphql-codegen": [
    "100 % of 120 addresses are done.",
    "Mail to 20 addresses would bounce.",
    "  invalid, verified at 2025-01-01T12:00:00Z",
  ],
  "openapi-typescript": [
    "100 % of 120 addresses are done.",
    "Mail to 20 addresses would bounce.",
    "  invalid, verified at 2025-01-01T12:00:00Z",
    "A wrong parameter is refused: 400 VALIDATION_ERROR, limit must be an integer from 1 to 100",
  ],
  "paging-by-link": ["120 jobs", "  valid: 60", "  catchall: 30", "  invalid: 20", "  no result: 10"],
  python: ["110 completed jobs with a result", "  valid: 60", "refused: 400 VALIDATION_ERROR"],
  "python-requests": ["10 jobs failed", "110 of 120 jobs are completed, 100 % are done"],
  relay: ["The store has 100 jobs after two pages.", "COMPLETED, DELIVERABLE"],
  urql: ["30 jobs are risky.", ", catchall", "A task that does not exist is refused: NOT_FOUND"],
};

/** The lines that each example prints about a task of two jobs, which are completed while the example runs. */
const LIVE: Readonly<Record<string, readonly string[]>> = {
  "live-apollo-websocket": ["0 % done", "100 % done", "The task is complete."],
  "live-apollo-sse": ["0 % done", "100 % done", "The task is complete."],
  "live-curl": ['"progress_percent":0,', '"progress_percent":100,', "complete after "],
  "live-eventsource": ["0 % done", "100 % done", "The task is complete, after "],
  "live-relay": ["0 % done", "100 % done", "The task is complete."],
  "live-python": ["0 % done", "100 % done", "The task is complete, after "],
  "live-urql": ["0 % done", "100 % done", "The task is complete."],
  "live-wait": ["0 % of 2 addresses are done", "100 % of 2 addresses are done"],
};

const python = findProgram({
  candidates: ["python3", "/usr/bin/python3"],
  probe: ["-c", "import requests"],
  remedy: "No Python with requests was found: run `apt-get install python3-requests`.",
});
const NEEDS_REQUESTS = "python-requests";

const running = new Map<string, RunningExample>();
let byDocumentIds: RunningExample;

beforeAll(async () => {
  const { url: URL, sql } = server;
  const { key: KEY, userId } = await server.as();
  const oldTask = await aTask(sql, { user_id: userId });
  const openTask = await aTask(sql, { user_id: userId });
  await sql`
    with record as (
      insert into emails (email, status, validated_at)
      select
        'user' || n || '@example.com',
        case when n <= 60 then 'valid' when n <= 90 then 'catchall' else 'invalid' end,
        '2025-01-01T12:00:00Z'
      from generate_series(1, 110) n
      returning id, email
    )
    insert into task_email_jobs (task_id, email_id, email_address, status, created_at)
    select ${oldTask}, id, email, 'completed', now() - substring(email from '[0-9]+')::int * interval '1 second'
    from record`;
  for (let job = 0; job < 10; job++) await aJob(sql, { task_id: oldTask, status: "failed", created_at: "2020-01-01" });
  for (let job = 0; job < 2; job++) await aJob(sql, { task_id: openTask });

  for (const folder of Object.keys(ONE_SHOT)) {
    const first = folder === NEEDS_REQUESTS && python?.startsWith("/") ? `${dirname(python)}:` : "";
    running.set(folder, startExample(folder, { URL, KEY, TASK: oldTask, PATH: `${first}${process.env.PATH}` }));
  }
  byDocumentIds = startExample("graphql-codegen", { URL, KEY, TASK: oldTask, DOCUMENT_IDS: "on" });
  const live = Object.keys(LIVE).map((folder) => {
    const example = startExample(folder, { URL, KEY, TASK: openTask });
    running.set(folder, example);
    return example;
  });
  await Promise.all(live.map(({ hasBegun }) => hasBegun));
  await sql`update task_email_jobs set status = 'completed', updated_at = now() where task_id = ${openTask}`;
});

test.for(Object.entries({ ...ONE_SHOT, ...LIVE }))(
  "the example %s prints what it reads",
  async ([folder, lines], { skip }) => {
    skip(folder === NEEDS_REQUESTS && python === null, "it needs the package requests");
    const { code, output } = (await running.get(folder)?.ended) ?? {};
    expect(
      lines.filter((line) => !output?.includes(line)),
      output,
    ).toEqual([]);
    expect(code).toBe(0);
  },
);

test("the example graphql-codegen prints the same with the ids of trusted documents", async () => {
  const { code, output } = await byDocumentIds.ended;
  expect(output).toBe((await running.get("graphql-codegen")?.ended)?.output);
  expect(code).toBe(0);
});

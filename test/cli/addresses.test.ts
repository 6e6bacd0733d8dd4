import { spawn } from "node:child_process";
import { hash, randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { PROGRESS, subscriber } from "../support/event-reader.ts";
import { asSuperuser } from "../support/test-database.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer({ liveTimes: { lookEveryMs: 150, checkEveryMs: 100 } });
const { sql, database } = server;
const { subscribe } = subscriber();

async function addresses(
  args: readonly string[],
  input: string | Buffer = "",
  environment: Record<string, string> = {},
) {
  const env = { PATH: process.env.PATH ?? "", DATABASE_URL: database.url, ...environment };
  const child = spawn(process.execPath, ["dist/cli/addresses.js", ...args], { env });
  // A command that refuses its arguments ends before it reads.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on("close", resolve)),
  ]);
  return { stdout, stderr, code };
}

test("an address is found and deleted in all tasks in any case, and nothing else is", async () => {
  const user = await server.as();
  const mine = await aTask(sql, { user_id: user.userId });
  const other = await aTask(sql);
  const record = await anEmail(sql, { email: "Zoë@Example.COM" });
  await anEmail(sql, { email: "ZOË@example.com", deleted_at: "2025-01-01" });
  const kept = await anEmail(sql, { email: "zoe@example.com" });
  await aJob(sql, { task_id: mine, email_address: "zoë@example.com", email_id: record, status: "completed" });
  await aJob(sql, { task_id: mine, email_address: "ZOË@EXAMPLE.com", deleted_at: "2025-01-01" });
  await aJob(sql, { task_id: mine, email_address: "zoe@example.com", email_id: kept });
  const shared = await aJob(sql, { task_id: other, email_address: "x.zoë@example.com", email_id: record });
  for (let n = 0; n < 3; n++) await aJob(sql, { task_id: other, email_address: "zoë@example.com" });
  const { reader } = await subscribe(user, PROGRESS, { id: mine });
  expect((await reader.result()).data.taskProgress.total).toBe(2);

  const found = await addresses(["find", "-"], "\ufeff zOË@example.com\r\n");
  expect(found.code).toBe(0);
  expect(found.stdout).toMatch(/^TASK +USER +JOBS\n/);
  expect(found.stdout).toContain(`${mine}  ${user.userId}  2\n`);
  expect(found.stdout).toContain("5 jobs in 2 tasks, 2 email records.\n");
  const dryRun = await addresses(["delete", "-", "--dry-run"], "zoë@example.com");
  expect(dryRun.stdout).toContain("Nothing was deleted.");

  const deleted = await addresses(["delete", "-", "--yes"], "zoë@example.com\n");
  expect([deleted.code, deleted.stdout]).toEqual([0, "Deleted 5 jobs in 2 tasks and 2 email records.\n"]);
  const audit = JSON.parse(deleted.stderr.trim().split("\n").at(-1) ?? "");
  expect(audit).toMatchObject({
    audit: "address_deleted",
    address: `sha256:${hash("sha256", "zoë@example.com")}`,
    tasks: 2,
    jobs: 5,
    records: 2,
    isComplete: true,
  });
  for (const { stdout, stderr } of [found, dryRun, deleted]) expect(stdout + stderr).not.toMatch(/zo[eë]@/i);

  expect((await reader.result()).data.taskProgress.total).toBe(1);
  const page = await (await user.get(`/api/v1/tasks/${mine}/jobs`)).text();
  expect(JSON.parse(page)).toMatchObject({
    count: 1,
    jobs: [{ email_address: "zoe@example.com", email: { id: kept } }],
  });
  const [job] = await sql`select email_id from task_email_jobs where id = ${shared}`;
  expect(job).toEqual({ email_id: null });
  expect((await addresses(["find", "-"], "zoë@example.com")).stdout).toBe("0 jobs in 0 tasks, 0 email records.\n");
});

test("more jobs than one batch are deleted by a role that may only read and delete, and totals stay right", async () => {
  const taskId = await aTask(sql);
  await sql`insert into task_email_jobs (task_id, email_address) select ${taskId}, 'many@example.com' from generate_series(1, 2500)`;
  const role = `deleter_${randomUUID().slice(0, 8)}`;
  await sql.unsafe(`
    create role ${role} login password 'deleter'; grant usage on schema public to ${role};
    grant select on tasks to ${role}; grant select, delete on task_email_jobs, emails to ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = "deleter";
  try {
    const environment = { DATABASE_URL: String(url), MIGRATE: "off" };
    const deleted = await addresses(["delete", "MANY@example.com", "--yes"], "", environment);
    expect([deleted.code, deleted.stdout]).toEqual([0, "Deleted 2,500 jobs in 1 task and 0 email records.\n"]);
    const [total] = await sql`select sum(jobs)::int as jobs from task_job_totals where task_id = ${taskId}`;
    expect(total?.jobs).toBe(0);
  } finally {
    await sql.unsafe(`drop owned by ${role}`);
    await asSuperuser((admin) => admin.unsafe(`drop role ${role}`));
  }
});

test.each([
  [["delete", "-"], "a@example.com", "add --yes to delete the address"],
  [["erase", "-"], "", "the first argument must be find or delete"],
  [["find"], "", "find needs one address, or - to read"],
  [["find", "a@example.com", "b@example.com"], "", "find needs one address"],
  [["find", "-"], " \n", "the address is empty"],
  [["find", "-"], "a@example.com\nb@example.com", "the address must be a single line"],
  [["delete", "-", "--yes"], Buffer.from("zo\xeb@example.com", "latin1"), "the address must be encoded in UTF-8"],
  [["find", "-"], `${"a".repeat(5000)}@example.com`, "the address must have at most 4096 bytes"],
])("%j is refused, and the message does not repeat the address", async (args, input, message) => {
  const { code, stdout, stderr } = await addresses(args, input);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("example.com");
});

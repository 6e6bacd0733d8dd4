import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { runProgram } from "../support/program.ts";
import { sharedTestServer } from "../support/test-server.ts";

const server = await sharedTestServer();

const keys = (...args: string[]) => runProgram("dist/cli/keys.js", { DATABASE_URL: server.database.url }, args);
const statusWith = async (key: string, taskId: string) =>
  (await fetch(`${server.url}/api/v1/tasks/${taskId}/jobs`, { headers: { "X-API-Key": key } })).status;

test("a new key works and is listed, and a revoked key is rejected", async () => {
  const userId = randomUUID();
  const taskId = await aTask(server.sql, { user_id: userId });

  const created = await keys("create", "--user", userId, "--name", "the old client", "--expires", "2099-12-31");
  const key = created.stdout.trim();
  expect(created.code).toBe(0);
  expect(key).toMatch(/^tj_[A-Za-z0-9_-]{43}$/);
  expect(await statusWith(key, taskId)).toBe(200);

  const listed = await keys("list");
  const line = listed.stdout.split("\n").find((text) => text.includes(userId)) ?? "";
  expect(listed.stdout).toMatch(/^ID +KEY +ROLE +USER +CREATED +EXPIRES +REVOKED +NAME\n/);
  expect(line).toMatch(/ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z +2099-12-31T00:00:00Z +no +the old client$/);
  expect(listed.stdout).not.toContain(key);

  const [id = ""] = line.split(" ");
  expect((await keys("revoke", id)).code).toBe(0);
  expect(await statusWith(key, taskId)).toBe(401);
  expect((await keys("list")).stdout).toMatch(/ 2099-12-31T00:00:00Z +20\S+Z +the old client\n/);

  const again = await keys("revoke", id);
  const [, revokedAt] = / 2099-12-31T00:00:00Z +(\S+) +the old client\n/.exec((await keys("list")).stdout) ?? [];
  expect([again.code, again.stdout]).toEqual([0, `Key ${id} was already revoked, on ${revokedAt}.\n`]);
});

test("the name of a key is listed on one line and without control characters", async () => {
  const userId = randomUUID();
  await keys("create", "--user", userId, "--name", "a\x1b[31m\nb\u202ec");
  expect((await keys("list")).stdout).toMatch(
    new RegExp(`${userId} .* a\\\\u\\{1b\\}\\[31m\\\\u\\{a\\}b\\\\u\\{202e\\}c\\n`),
  );
});

test("the key of an admin reads every task", async () => {
  const { stdout } = await keys("create", "--user", randomUUID(), "--admin");
  expect(await statusWith(stdout.trim(), await aTask(server.sql))).toBe(200);
});

describe("wrong arguments of the keys command", () => {
  test.each([
    [[]],
    [["make"]],
    [["create"]],
    [["create", "--user", "me"]],
    [["create", "--user", randomUUID(), "--expires", "tomorrow"]],
    [["create", "--user", randomUUID(), "--expires", "2001-01-01"]],
    [["create", "--user", randomUUID(), "--expires", "2099-02-29"]],
    [["create", "--user", randomUUID(), "--color", "red"]],
    [["revoke", "7"]],
    [["list", "all", "of", "them"]],
    [["revoke", randomUUID(), randomUUID()]],
  ])("the arguments %j exit with code 2 and an error that names --help", async (args) => {
    const { code, stdout, stderr } = await keys(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^.+\nFor help, run: npm run keys -- --help\n$/);
    expect(stderr).not.toMatch(/at .*\.js/);
  });
});

test.each([
  [["list", "extra"], "list takes no further arguments"],
  [["create", "extra"], "create takes only options, such as --user UUID"],
  [["revoke"], "revoke needs the ID of one key, as printed by list"],
  [["toString"], "the first argument must be create, list or revoke"],
])("the arguments %j are answered with the arguments that the action takes", async (args, reason) => {
  expect((await keys(...args)).stderr).toContain(`${reason}\n`);
});

test("revoking a key that does not exist is an error", async () => {
  const id = randomUUID();
  const { code, stderr } = await keys("revoke", id);
  expect([code, stderr]).toEqual([1, `There is no key with the ID ${id}.\n`]);
});

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MIGRATION_LOCK_ID } from "../../src/db/migrate.ts";
import { STORING_LOCK_ID } from "../../src/import/lock-storing.queries.ts";
import { sharedImportDirectory } from "../support/import-directory.ts";
import { createNamedPipe } from "../support/named-pipe.ts";
import { startProgram } from "../support/program.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const USER_ID = "0e6f1a52-7a4e-4d3e-9a5c-0d9d6a7b8c9d";
const RECORD_ID = "6a1de5a8-4a4e-4c39-8d7c-0c5a3bb4b4f1";

const { database, fileOf, pathOf, rowCounts } = await sharedImportDirectory();

const startImport = (file: string) =>
  startProgram("dist/cli/import.js", { DATABASE_URL: database.url }, [file, "--user", USER_ID]);

test("an import that waits for another one says so once, and then stores its rows", async () => {
  const file = await fileOf("list.csv", `id,email,status\n${RECORD_ID},a@example.com,valid\n`);
  const waiting = await database.sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${STORING_LOCK_ID})`;
    const started = startImport(file);
    while (!started.stderr().includes("Waiting: another import")) await once(started.child.stderr, "data");
    return started;
  });
  const { code, stderr } = await waiting.ended;
  expect([code, stderr.match(/Waiting: .*/g)]).toEqual([
    0,
    ["Waiting: another import of a file with ids stores its rows. This import continues when that one has ended."],
  ]);
  expect(await rowCounts()).toMatchObject({ jobs: 1 });
});

// Only Linux shows in which function a thread waits.
test.runIf(process.platform === "linux")(
  "SIGINT stops an import that waits for the writer of a named pipe",
  async () => {
    const { child, ended } = startProgram("dist/cli/import.js", {}, ["--dry-run", createNamedPipe(pathOf("pipe"))]);
    const threads = `/proc/${child.pid}/task`;
    const waitingIn = () => readdirSync(threads).map((thread) => readFileSync(`${threads}/${thread}/wchan`, "utf8"));
    // The name of the function in which a reader of a named pipe waits for its first writer depends on the version of Linux.
    await expect.poll(waitingIn, { interval: 20 }).toContainEqual(expect.stringMatching(/partner|fifo|pipe/));
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ code: 130, stderr: "Stopped: nothing was imported.\n" });
  },
);

test("SIGINT stops an import that has not yet opened its named pipe", async () => {
  const { ended } = await database.sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK_ID})`;
    const started = startImport(createNamedPipe(pathOf("unopened")));
    await expect.poll(() => waitingStatements(tx)).toBe(1);
    started.child.kill("SIGINT");
    return started;
  });
  expect(await ended).toMatchObject({ code: 130, stderr: "Stopped: nothing was imported.\n" });
});

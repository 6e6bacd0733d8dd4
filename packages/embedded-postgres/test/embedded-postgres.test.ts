import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { isAlive } from "../src/lock.ts";
import { findBinaries } from "../src/programs.ts";
import {
  closeWorkspace,
  end,
  endAll,
  exitOf,
  makeProject,
  newDataDir,
  openWorkspace,
  query,
  remember,
  remembered,
  rootDir,
  run,
  serverPids,
  start,
} from "./embedded-program.ts";

const isLinux = process.platform === "linux";
const isLinuxRoot = isLinux && process.getuid?.() === 0;
const UNPRIVILEGED = 65534;
const UNKNOWN_USER = 54_321;
/** Forbids root to create a user namespace, as containers do by default. */
const WITHOUT_USER_NAMESPACES = ["setpriv", "--bounding-set=-setfcap", "--"];
/** Disables the parent death signal, which systems such as macOS lack. */
const WITHOUT_SETPRIV = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  'mount --bind /bin/false /usr/bin/setpriv && exec "$@"',
  "sh",
];

beforeAll(openWorkspace);
afterEach(endAll);
afterAll(closeWorkspace);

test("a second start serves the data of the first, to this machine only and only with the password", async () => {
  const dataDir = newDataDir();
  const first = await start(dataDir);
  expect(first).toMatchObject({ version: expect.stringMatching(/^18\./), attached: false });
  expect(first.url).toMatch(/^postgres:\/\/task_jobs:[\w-]{32}@127\.0\.0\.1:\d+\/task_jobs$/);
  await remember(first.url, "first");
  const facts = await query(
    first.url,
    (sql) => sql`
      select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
             current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone,
             (select datlocale from pg_database where datname = current_database()) as locale`,
  );
  expect(facts[0]).toEqual({ addresses: "127.0.0.1", sockets: "", encoding: "UTF8", zone: "UTC", locale: "C.UTF-8" });
  await expect(query(first.url?.replace(/:[\w-]{32}@/, ":wrong@"), (sql) => sql`select 1`)).rejects.toThrow(/password/);
  for (const name of ["postgres.owner.json", "postgres.log"]) {
    expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600);
  }
  await end(first);

  const second = await start(dataDir);
  expect(await remembered(second.url)).toEqual(["first"]);
  await end(second);
  expect((await readdir(dataDir)).sort()).toEqual(["postgres", "postgres.log"]);
});

test.runIf(isLinux)(
  "after kill -9 of the program the server stops, and the next start serves all committed data",
  async () => {
    const dataDir = newDataDir();
    const first = await start(dataDir);
    await remember(first.url, "committed");
    await end(first, "SIGKILL");
    const second = await start(dataDir);
    expect(await remembered(second.url)).toEqual(["committed"]);
    await end(second, "SIGKILL");
    await expect.poll(() => serverPids(dataDir)).toEqual([]);
  },
);

test.runIf(isLinuxRoot)("a server that outlived its killed owner is stopped by the next start", async () => {
  const dataDir = newDataDir();
  const first = await start(dataDir, { through: WITHOUT_SETPRIV });
  await remember(first.url, "committed");
  await end(first, "SIGKILL");
  const orphans = await serverPids(dataDir);
  expect(orphans).not.toEqual([]);
  const second = await start(dataDir);
  expect(await remembered(second.url)).toEqual(["committed"]);
  const survivors = await serverPids(dataDir);
  expect(orphans.filter((pid) => survivors.includes(pid))).toEqual([]);
});

test("if two processes start the same directory, one serves and the other fails with a message that names it", async () => {
  const dataDir = newDataDir();
  const both = await Promise.all([start(dataDir), start(dataDir)]);
  const [winner, ...others] = both.filter(({ url }) => url !== undefined);
  const [loser] = both.filter(({ error }) => error !== undefined);
  expect(others).toEqual([]);
  expect(loser?.error).toContain(`Process ${winner?.pid} is already running with the database in`);
  await remember(winner?.url, "sound");
  expect(await remembered(winner?.url)).toEqual(["sound"]);
});

test("if two processes join a directory without a server, both use the same new server", async () => {
  const dataDir = newDataDir();
  const both = await Promise.all([start(dataDir, { mode: "join" }), start(dataDir, { mode: "join" })]);
  expect(both[0]?.url).toBe(both[1]?.url);
  expect(both.map(({ attached }) => attached).sort()).toEqual([false, true]);
});

test("while a process runs the server, a start is refused and a join uses the server without stopping it", async () => {
  const dataDir = newDataDir();
  const owner = await start(dataDir);
  const refused = await start(dataDir);
  expect(refused.errorName).toBe("EmbeddedPostgresError");
  expect(refused.error).toContain(`Process ${owner.pid} is already running`);
  expect(refused.error).toContain("DATA_DIR");
  expect(refused.error).toContain("DATABASE_URL");
  const guest = await start(dataDir, { mode: "join" });
  expect(guest).toMatchObject({ url: owner.url, version: owner.version, attached: true });
  await end(guest);
  await remember(owner.url, "still there");
});

test("a crash during initdb leaves nothing that a later start takes for a cluster", async () => {
  const dataDir = newDataDir();
  const first = run(dataDir);
  const names = () => readdir(dataDir).catch((): string[] => []);
  await expect.poll(names, { interval: 5 }).toContainEqual(expect.stringMatching(/^postgres\.new-/));
  first.kill("SIGKILL");
  await exitOf(first);
  expect(await names()).not.toContain("postgres");
  const second = await start(dataDir);
  await remember(second.url, "whole");
  await expect.poll(names).toEqual(["postgres", "postgres.log", "postgres.owner.json"]);
});

test("a lock file with the process number of another program does not prevent a start", async () => {
  const dataDir = newDataDir();
  await end(await start(dataDir));
  writeFileSync(join(dataDir, "postgres/postmaster.pid"), `${process.pid}\n`);
  const second = await start(dataDir);
  expect(second.error).toBeUndefined();
});

test.runIf(isLinux)("a process with the number of a dead process is not mistaken for it", () => {
  expect(isAlive({ pid: process.pid, startedAt: null })).toBe(true);
  expect(isAlive({ pid: process.pid, startedAt: "1" })).toBe(false);
});

test("the error of a failed start contains the log lines of the server", async () => {
  const answer = await start(newDataDir(), { settings: { shared_buffers: "plenty" } });
  expect(answer.errorName).toBe("EmbeddedPostgresError");
  expect(answer.error).toContain('invalid value for parameter "shared_buffers": "plenty"');
});

test("a directory with other files is refused and left unchanged", async () => {
  const dataDir = newDataDir();
  mkdirSync(join(dataDir, "postgres"), { recursive: true });
  writeFileSync(join(dataDir, "postgres/notes.txt"), "mine");
  expect((await start(dataDir)).error).toContain("is not a PostgreSQL data directory");
  expect(readFileSync(join(dataDir, "postgres/notes.txt"), "utf8")).toBe("mine");
});

test.each(["a-file", "a-file/data"])(
  "the data directory %s, of which a-file is a file, is refused with a message that names DATA_DIR",
  async (path) => {
    const parent = newDataDir();
    mkdirSync(parent);
    writeFileSync(join(parent, "a-file"), "mine");
    const answer = await start(join(parent, path));
    expect(answer.errorName).toBe("EmbeddedPostgresError");
    expect(answer.error).toMatch(/cannot use .*not a directory: set DATA_DIR/);
  },
);

test.each([
  ["on a file system without new directories", () => "/proc/data"],
  ["a path with too long a name", (parent: string) => join(parent, "x".repeat(300))],
  ["a link to nothing", (parent: string) => linkIn(parent, "missing/data")],
  ["a link to itself", (parent: string) => linkIn(parent, "link")],
])("a data directory that is %s is refused with a message that names DATA_DIR", async (_, pathIn) => {
  const parent = newDataDir();
  mkdirSync(parent);
  const { errorName, error } = await start(pathIn(parent));
  expect(errorName).toBe("EmbeddedPostgresError");
  expect(error).toMatch(/^The embedded PostgreSQL cannot use .*et DATA_DIR to another path, or set DATABASE_URL\.$/);
  expect(error?.length).toBeLessThan(600);
});

function linkIn(parent: string, target: string): string {
  const link = join(parent, "link");
  symlinkSync(join(parent, target), link);
  return link;
}

test.runIf(isLinuxRoot)("a disk that is full during initdb is named instead of the output of initdb", async () => {
  const parent = newDataDir();
  mkdirSync(parent);
  const script = `mount -t tmpfs -o size=8m tmpfs ${parent} && exec "$@"`;
  const { error } = await start(join(parent, "data"), { through: ["unshare", "--mount", "sh", "-c", script, "sh"] });
  expect(error).toMatch(
    /^The embedded PostgreSQL could not create its data directory in .*\. The disk is full: free space/,
  );
  expect(error).not.toContain("\n");
});

test("on a platform without binaries the error says so and names DATABASE_URL", async () => {
  await expect(findBinaries({ os: "sunos", arch: "sparc64" })).rejects.toThrow(
    /no embedded PostgreSQL for sunos-sparc64.*set DATABASE_URL/,
  );
});

test.runIf(isLinuxRoot)("root can start the server in a project that only root can enter", async () => {
  const closed = makeProject("closed/project");
  chmodSync(join(rootDir, "closed"), 0o700);
  const dataDir = join(closed, "data");
  const first = await start(dataDir, { project: closed });
  await remember(first.url, "closed");
  await end(first, "SIGKILL");
  const second = await start(dataDir, { project: closed });
  expect(await remembered(second.url)).toEqual(["closed"]);
  await end(second);

  const refused = await start(dataDir, { project: closed, through: WITHOUT_USER_NAMESPACES });
  expect(refused.error).toMatch(/does not run as root.*no user namespaces.*DATABASE_URL/);

  // The unprivileged user can enter the data directory but not the project, so the binaries are copied to a directory that this user can enter.
  const openDir = newDataDir();
  mkdirSync(openDir, { mode: 0o700 });
  const third = await start(openDir, { project: closed, through: WITHOUT_USER_NAMESPACES });
  expect(third.error).toBeUndefined();
  await expect(readdir(rootDir)).resolves.toContainEqual(expect.stringMatching(/^task-jobs-postgres-18\.[^/]*$/));
});

test.runIf(isLinuxRoot)(
  "without user namespaces root runs the server as an unprivileged user, and a later start takes the files back",
  async () => {
    const dataDir = newDataDir();
    const first = await start(dataDir);
    await remember(first.url, "root");
    await end(first);
    expect((await stat(join(dataDir, "postgres"))).uid).toBe(0);
    const second = await start(dataDir, { through: WITHOUT_USER_NAMESPACES });
    await remember(second.url, "unprivileged");
    expect((await stat(join(dataDir, "postgres"))).uid).toBe(UNPRIVILEGED);
    await end(second, "SIGKILL");
    const third = await start(dataDir);
    expect(await remembered(third.url)).toEqual(["root", "unprivileged"]);
  },
);

test.runIf(isLinuxRoot)("an ordinary user can start the server, but not in the directory of another user", async () => {
  const dataDir = newDataDir();
  mkdirSync(dataDir);
  chownSync(dataDir, UNPRIVILEGED, UNPRIVILEGED);
  await end(await start(newDataDir()));
  const first = await start(dataDir, { uid: UNPRIVILEGED });
  await remember(first.url, "ordinary");
  await end(first, "SIGKILL");
  const second = await start(dataDir, { uid: UNPRIVILEGED });
  expect(await remembered(second.url)).toEqual(["ordinary"]);

  const rootsDir = newDataDir();
  await end(await start(rootsDir));
  const refused = await start(rootsDir, { uid: UNPRIVILEGED });
  expect(refused.error).toMatch(/belongs to another user.*DATABASE_URL/);

  const strangersDir = newDataDir();
  mkdirSync(strangersDir);
  chownSync(strangersDir, UNKNOWN_USER, UNKNOWN_USER);
  expect((await start(strangersDir, { uid: UNKNOWN_USER })).error).toMatch(/without an entry in \/etc\/passwd/);
});

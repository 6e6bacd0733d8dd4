import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Answer,
  type CanaryServer,
  full,
  JWT_SECRET,
  METRICS_TOKEN,
  pageOf,
  SENT,
  SENT_ADDRESS,
  SENT_KEY,
  SENT_NAME,
  STORED,
  sendCanaries,
  startCanaryServer,
} from "./support/canary-server.ts";
import { killPrograms } from "./support/program.ts";

const MAX_LINE_BYTES = 4096;

let server: CanaryServer;

beforeAll(async () => {
  server = await startCanaryServer();
  await sendCanaries(server);
});
afterAll(async () => {
  await server?.close();
  killPrograms();
});

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
  readonly [name: string]: unknown;
}

/** Waits for the line of the last request and returns all lines of standard error. */
async function logLines(): Promise<string[]> {
  const last = server.answers.at(-1)?.requestId ?? "none";
  await expect.poll(() => server.program.stderr()).toContain(last);
  return server.program.stderr().split("\n").slice(0, -1);
}
const linesOf = async (requestId: string): Promise<Line[]> =>
  (await logLines()).filter((line) => line.includes(requestId)).map((line) => JSON.parse(line));

/** Keys, tokens and secrets, and parts of the key that are long enough to be useful to an attacker. */
const secrets = () => [server.key, server.adminKey, JWT_SECRET, METRICS_TOKEN, ...(server.key.match(/.{20}/g) ?? [])];

test("the requests produced every kind of response", () => {
  expect([...new Set(server.answers.map(({ status }) => status))].sort()).toEqual([
    200, 400, 401, 404, 405, 406, 413, 415, 500, 504,
  ]);
  expect(server.answers.length).toBeGreaterThan(70);
});

describe("the log", () => {
  test("the log contains no email address, key, token, query, name or statement", async () => {
    const log = (await logLines()).join("\n");
    for (const canary of [...STORED, ...secrets(), SENT, SENT_NAME, SENT.replace("-", ""), "eyJ", "Bearer"]) {
      expect(log, canary).not.toContain(canary);
    }
    expect(log).not.toMatch(/[\w.]@\w|select |insert |update |params/i);
  });

  test("each log line is a JSON object below 4 KB without control characters", async () => {
    const lines = await logLines();
    expect(lines.length).toBeGreaterThan(server.answers.length);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(Number),
        time: expect.any(String),
        msg: expect.any(String),
      });
      expect(Buffer.byteLength(line), line.slice(0, 200)).toBeLessThan(MAX_LINE_BYTES);
      expect(line).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  test("the log has a line with the request id and the status of every response", async () => {
    for (const { what, status, requestId } of server.answers) {
      const lines = (await linesOf(requestId)).filter((line) => line.requestId === requestId);
      expect(
        lines.map((line) => line.status),
        what,
      ).toContain(status);
    }
  });

  test("the log contains the cause of every response that reports a server error", async () => {
    const failed = server.answers.filter(({ status, text }) => status >= 500 || /INTERNAL_|DEPENDENCY_/.test(text));
    expect(failed.length).toBeGreaterThan(20);
    for (const { what, requestId } of failed) {
      const [problem] = (await linesOf(requestId)).filter(({ level }) => level >= 40);
      expect(problem, what).toBeDefined();
      if (problem?.level === 50)
        expect(JSON.stringify(problem), what).toMatch(/"code":"[0-9A-Z]{5}"|"type":"(Failure|GraphQLError)"/);
      else expect(problem?.reason, what).toMatch(/^55P03|57014|Failure$/);
    }
  });
});

describe("the body of an error", () => {
  const errors = () => server.answers.filter(({ status, text }) => status >= 400 || text.includes('"errors"'));

  test("an error contains no data, keys, driver texts or file names", () => {
    expect(errors().length).toBeGreaterThan(50);
    for (const { what, text } of errors()) {
      // Partial data belongs to the caller.
      const { data: _own, ...error } = JSON.parse(text);
      for (const canary of [...STORED, ...secrets()]) expect(JSON.stringify(error), what).not.toContain(canary);
      expect(text, what).not.toMatch(
        /Failed query|params:|select |insert |PostgresError|drizzle|node_modules|at .*\.js:\d|ECONN|22P02|42P01|57014|password|postgres:\/\//i,
      );
    }
  });

  test("every internal error has the same message", () => {
    const messages = errors().flatMap(({ text }) => {
      const { error, errors = [] } = JSON.parse(text);
      const all: { code?: string; message: string; extensions?: { code: string } }[] = error ? [error] : errors;
      return all.filter(({ code, extensions }) => /^INTERNAL_/.test(code ?? extensions?.code ?? ""));
    });
    expect(messages.length).toBeGreaterThan(20);
    expect(new Set(messages.map(({ message }) => message))).toEqual(new Set(["Unexpected server error"]));
  });

  test("a REST error does not repeat the input of the caller", () => {
    for (const { what, text } of errors().filter(({ text }) => text.startsWith('{"error":'))) {
      expect(text, what).not.toContain(SENT);
      expect(text, what).not.toContain(SENT_ADDRESS);
    }
  });
});

test("the metrics contain no email address, key, name or id", async () => {
  const { status, text } = await server.send("the metrics", "/metrics", {
    headers: { Authorization: `Bearer ${METRICS_TOKEN}` },
  });
  expect([status, text]).toEqual([200, expect.stringContaining("taskJobs")]);
  for (const canary of [
    ...STORED,
    ...secrets(),
    SENT,
    SENT_NAME,
    "@",
    server.ownTask,
    server.foreignTask,
    server.userId,
  ]) {
    expect(text, canary).not.toContain(canary);
  }
});

describe("the audit trail", () => {
  const auditOf = async (answer: Answer) =>
    (await linesOf(answer.requestId)).filter(({ audit }) => audit !== undefined);

  const PATHS: Readonly<Record<string, (taskId: string) => Promise<Answer>>> = {
    "the REST page": (taskId) => server.send("denied", pageOf(taskId)),
    "the export": (taskId) => server.send("denied", `${pageOf(taskId)}/export`),
    taskJobs: (taskId) => server.graphql("denied", { query: full(taskId) }),
    task: (taskId) => server.graphql("denied", { query: `{ task(id: "${taskId}") { id } }` }),
    node: (taskId) => server.graphql("denied", { query: `{ node(id: "${taskId}") { id } }` }),
    nodes: (taskId) => server.graphql("denied", { query: `{ nodes(ids: ["${taskId}"]) { id } }` }),
  };

  test.each(Object.keys(PATHS))(
    "the audit line of %s contains only the ids of a user and of the task that the user was denied",
    async (path) => {
      for (const taskId of [server.foreignTask, randomUUID()]) {
        const answer = await PATHS[path]?.(taskId);
        expect(await auditOf(answer as Answer)).toEqual([
          {
            level: 30,
            time: expect.any(String),
            audit: "denied",
            requestId: answer?.requestId,
            userId: server.userId,
            count: 1,
            taskIds: [taskId],
            msg: "audit",
          },
        ]);
      }
    },
  );

  test("one audit line names every task that a document was denied", async () => {
    const denied = [server.foreignTask, randomUUID()];
    const query = `{ a: node(id: "${denied[0]}") { id } b: node(id: "${server.ownTask}") { id } c: node(id: "${denied[1]}") { id } }`;
    const audit = await auditOf(await server.graphql("denied twice", { query }));
    expect(audit).toMatchObject([{ audit: "denied", count: 2, taskIds: denied }]);
  });

  test("a document with 1,500 unknown tasks writes one short audit line with their number", async () => {
    const ids = Array.from({ length: 100 }, () => randomUUID());
    const aliases = Array.from({ length: 15 }, (_, at) => `a${at}: nodes(ids: $ids${at}) { id }`);
    const variables = Object.fromEntries(aliases.map((_, at) => [`ids${at}`, ids.map(() => randomUUID())]));
    const declared = aliases.map((_, at) => `$ids${at}: [ID!]!`).join(", ");
    const answer = await server.graphql("denied often", {
      query: `query (${declared}) { ${aliases.join(" ")} }`,
      variables,
    });
    const lines = await auditOf(answer);
    expect(lines).toMatchObject([{ audit: "denied", count: 1500 }]);
    expect(JSON.stringify(lines).length).toBeLessThan(1000);
  });

  test("an audit line names the admin who read the task of another user", async () => {
    const audit = await auditOf(
      await server.send("read", pageOf(server.ownTask), { headers: { Authorization: `Bearer ${server.adminKey}` } }),
    );
    expect(audit).toMatchObject([{ audit: "admin_read", count: 1, taskIds: [server.ownTask] }]);
    expect(audit[0]?.userId).not.toBe(server.userId);
  });

  const asAdmin = (path: string) =>
    server.send("read", path, { headers: { Authorization: `Bearer ${server.adminKey}` } });
  const queryAsAdmin = (query: string) =>
    server.graphql("read", { query }, { Authorization: `Bearer ${server.adminKey}` });

  const TASKS: Readonly<Record<string, () => Promise<Answer>>> = {
    "the REST list": () => asAdmin("/api/v1/tasks"),
    "the REST task": () => asAdmin(`/api/v1/tasks/${server.ownTask}`),
    "the nodes of tasks": () => queryAsAdmin("{ tasks { nodes { jobs(first: 1) { nodes { emailAddress } } } } }"),
    "the edges of tasks": () => queryAsAdmin("{ tasks { edges { node { progress { total } } } totalCount } }"),
    "several fields of one document": () =>
      queryAsAdmin(`{ tasks { nodes { id } } again: tasks { nodes { id } } task(id: "${server.ownTask}") { id }
        taskJobs(taskId: "${server.ownTask}") { count } }`),
  };

  test.each(Object.keys(TASKS))("one audit line names the admin and each task that %s returned", async (name) => {
    const audit = await auditOf((await TASKS[name]?.()) as Answer);
    expect(audit.map(({ audit }) => audit)).toEqual(["admin_read"]);
    const read = name === "the REST task" ? [server.ownTask] : [server.ownTask, server.foreignTask];
    expect(audit.flatMap(({ taskIds }) => taskIds as string[]).sort()).toEqual(read.sort());
  });

  test("an admin who only counts tasks writes no audit line", async () => {
    expect(await auditOf(await queryAsAdmin("{ tasks { totalCount } }"))).toEqual([]);
  });

  test("reads by the owner and unauthenticated requests write no audit line", async () => {
    for (const path of [pageOf(server.ownTask), "/api/v1/tasks"]) {
      expect(await auditOf(await server.send("own", path))).toEqual([]);
    }
    expect(
      await auditOf(await server.send("unauthenticated", pageOf(server.ownTask), { headers: { Authorization: "" } })),
    ).toEqual([]);
  });
});

test("the content of a malformed request is not logged", async () => {
  const answered = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(server.origin).port), "127.0.0.1", () => {
      socket.end(`GET /${SENT_ADDRESS} HTTP/1.1\r\nX ${SENT_KEY}\r\n\r\n`);
    });
    let text = "";
    socket.on("data", (chunk) => (text += chunk)).on("close", () => resolve(text));
  });
  expect(answered).toMatch(/^HTTP\/1\.1 400 /);
  expect(answered).not.toContain(SENT);
  const requestId = /^X-Request-ID: (\S+)\r$/m.exec(answered)?.[1] ?? "none";
  await expect
    .poll(() => linesOf(requestId))
    .toMatchObject([{ level: 30, status: 400, requestId, msg: "malformed request" }]);
  await server.send("afterwards", pageOf(server.ownTask));
  expect((await logLines()).join("\n")).not.toContain(SENT);
});

import { randomUUID } from "node:crypto";
import { buildClientSchema, extendSchema, getIntrospectionQuery, parse } from "graphql";
import { describe, expect, test } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { documentOf, type IdByType, nameOf, pathsTo, spellings, takesId } from "../support/schema-paths.ts";
import { sharedTestServer } from "../support/test-server.ts";

/** The types that belong to a user. The same access rule applies to every type from which they can be reached. */
const GUARDED = ["TaskJob", "Email"];

type Viewer = "owner" | "stranger" | "admin" | "anonymous";
type Task = "own" | "foreign" | "missing" | "deleted";
interface Cell {
  readonly path: ReturnType<typeof pathsTo>[number];
  readonly spelling: (typeof spellings)[number];
}
type Get = (path: string, init: RequestInit) => Promise<Response>;

const post = (body: object): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

const server = await sharedTestServer({ environment: { TRUST_PROXY_HOPS: "1" } });
let addresses = 0;
/** Each request has an address of its own, because repeated 401 responses to one address are delayed. */
const forwarded = () => {
  addresses += 1;
  return { "X-Forwarded-For": `10.0.${addresses >> 8}.${addresses & 255}` };
};
const [owner, stranger, admin] = [await server.as(), await server.as(), await server.as({ isAdmin: true })];
const requestAs: Record<Viewer, Get> = {
  owner: owner.get,
  stranger: stranger.get,
  admin: admin.get,
  anonymous: (path, init) => fetch(server.url + path, { ...init, headers: { ...init.headers, ...forwarded() } }),
};
const idsOf: Record<Task, IdByType> = {
  own: await markedTask("own", { user_id: owner.userId }),
  foreign: await markedTask("foreign", { user_id: stranger.userId }),
  deleted: await markedTask("deleted", { user_id: owner.userId, deleted_at: "2025-01-01T00:00:00Z" }),
  missing: { Task: randomUUID(), TaskJobs: randomUUID(), TaskJob: randomUUID(), Email: randomUUID() },
};
const response = await requestAs.owner("/graphql", post({ query: getIntrospectionQuery() }));
const schema = buildClientSchema(((await response.json()) as { data: Parameters<typeof buildClientSchema>[0] }).data);
const paths = pathsTo(schema, GUARDED);

/** Creates a task whose texts all contain the mark, so that a response shows which rows it contains. */
async function markedTask(mark: string, columns: Record<string, unknown>): Promise<IdByType> {
  const { sql } = server;
  const task = await aTask(sql, { source: `leak-${mark}`, ...columns });
  const address = `leak-${mark}@example.com`;
  const email = await anEmail(sql, { email: address, domain_name: `leak-${mark}.example.com` });
  const job = await aJob(sql, { task_id: task, email_id: email, email_address: address, status: "completed" });
  return { Task: task, TaskJobs: task, TaskJob: job, Email: email };
}

const marksIn = (text: string) => new Set(Array.from(text.matchAll(/leak-(\w+)/g), ([, mark]) => mark));

/** The tasks whose rows a viewer may read. */
const MAY_SEE: Record<Viewer, readonly Task[]> = {
  owner: ["own"],
  stranger: ["foreign"],
  admin: ["own", "foreign"],
  anonymous: [],
};

const CELLS = (["owner", "stranger", "admin", "anonymous"] as const).flatMap((viewer) =>
  (["own", "foreign", "missing", "deleted"] as const).map((task) => ({ viewer, task })),
);

describe("every path through the schema to a job or an email", () => {
  test("the paths through taskJobs are found", () => {
    expect(paths.map(nameOf)).toEqual(
      expect.arrayContaining([
        "taskJobs:TaskJobs",
        "taskJobs:TaskJobs.jobs:TaskJob",
        "taskJobs:TaskJobs.jobs:TaskJob.email:Email",
      ]),
    );
  });

  test.each(CELLS)(
    "for the $task task, every path gives the $viewer only rows that they may read",
    async ({ viewer, task }) => {
      const cells = paths.flatMap((path) => spellings.map((spelling) => ({ path, spelling })));
      for (const cell of cells) await expectOnlyOwnRows(cell);

      async function expectOnlyOwnRows({ path, spelling }: Cell) {
        const request = async (ids: IdByType) => {
          const response = await requestAs[viewer]("/graphql", post(documentOf(path, ids, spelling)));
          return { status: response.status, text: await response.text() };
        };
        const { status, text } = await request(idsOf[task]);
        const seen = marksIn(text);
        const what = `${nameOf(path)} by ${spelling}: ${text}`;
        const maySee = MAY_SEE[viewer];

        expect(
          [...seen].filter((mark) => !maySee.includes(mark as Task)),
          what,
        ).toEqual([]);
        if (viewer === "anonymous") {
          expect([status, JSON.parse(text).errors[0].extensions.code], what).toEqual([401, "UNAUTHENTICATED"]);
        } else if (maySee.includes(task)) {
          expect(JSON.parse(text).errors, what).toBeUndefined();
          // Only the last type is checked, because a type in the middle of a path may have no text field for the mark of its task.
          if (takesId(path) && GUARDED.includes(path.at(-1)?.type.name ?? "")) expect([...seen], what).toEqual([task]);
        } else if (takesId(path)) {
          const missing = await request(idsOf.missing);
          expect({ status, text: withoutIds(text) }, what).toEqual({ ...missing, text: withoutIds(missing.text) });
          const { data, errors = [] } = JSON.parse(text);
          for (const error of errors) expect(error.extensions.code, what).toBe("NOT_FOUND");
          expect(
            errors.length > 0 ||
              Object.values(data)
                .flat()
                .every((value) => value === null),
            what,
          ).toBe(true);
        }
      }
    },
  );
});

/** A message may repeat the requested id, so ids are replaced before responses are compared. */
const withoutIds = (text: string) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "id");

describe("a field that is added to the schema", () => {
  const newPaths = (addition: string) => {
    const known = new Set(paths.map(nameOf));
    return pathsTo(extendSchema(schema, parse(addition)), GUARDED).filter((path) => !known.has(nameOf(path)));
  };

  test("a new field adds its paths to the matrix, also through lists, interfaces and unions", () => {
    const addition = `
      extend type Query { anyJob: TaskJob  search(id: ID!): [Hit!]!  me: Me  version: String  settings: Settings }
      type Me { lastJob: TaskJob }
      type Settings { theme: String }
      union Hit = Email | Me`;
    expect(newPaths(addition).map(nameOf)).toEqual([
      "anyJob:TaskJob",
      "anyJob:TaskJob.email:Email",
      "search:Email",
      "search:Me",
      "search:Me.lastJob:TaskJob",
      "search:Me.lastJob:TaskJob.email:Email",
      "me:Me",
      "me:Me.lastJob:TaskJob",
      "me:Me.lastJob:TaskJob.email:Email",
    ]);
  });

  test("a new field is requested with ids of the types that its arguments name", () => {
    const [one, many] = newPaths(
      "extend type Query { one(id: ID!): TaskJob  many(jobs: Int, taskJobIds: [UUID!]!): [TaskJob] }",
    )
      .filter((path) => path.length === 1)
      .map((path) => documentOf(path, idsOf.own, "literals").query);
    expect(one).toContain(`one(id: "${idsOf.own.TaskJob}")`);
    expect(many).toContain(`many(taskJobIds: ["${idsOf.own.TaskJob}"])`);
  });

  test("a new argument that the matrix cannot fill is an error that says what to do", () => {
    const [path] = newPaths("extend type Query { secret(code: Int!): TaskJob }");
    expect(() => documentOf(path ?? [], idsOf.own, "literals")).toThrow(
      /cannot fill secret\(code: Int!\): teach it in valueFor\(\) of test\/support\/schema-paths.ts/,
    );
  });
});

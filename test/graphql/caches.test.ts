import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type DocumentNode, parse, parseValue, type ValueNode, validate } from "graphql";
import { expect, test } from "vitest";
import { createDocumentStore } from "../../src/graphql/document-store.ts";
import { buildTaskJobsSchema } from "../../src/graphql/schema.ts";
import {
  createIdentityCache,
  createRecentCredentials,
  fingerprintOf,
} from "../../src/rate-limit/recent-credentials.ts";
import { createTaskProgressReader } from "../../src/tasks/progress/read-task-progress.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { Uuid } from "../../src/values/scalars.ts";
import { collectGarbage } from "../support/collect-garbage.ts";

/** The growth of the heap by the objects that the work leaves behind. */
async function bytesKeptBy(work: () => unknown): Promise<number> {
  const used = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  const kept = await work();
  const after = used();
  expect(kept).toBeDefined();
  return after - before;
}

type DocumentStore = ReturnType<typeof createDocumentStore>;

/** A document is stored when it arrives for the second time. */
async function setTwice(store: DocumentStore, key: string, document: DocumentNode): Promise<void> {
  await store.set(key, document);
  await store.set(key, document);
}

const TASK = "00000000-0000-4000-8000-000000000000";

test("the document store counts the bytes of a document with long comments", async () => {
  const kept = await bytesKeptBy(async () => {
    const store = createDocumentStore(10_000_000);
    for (let n = 0; n < 400; n += 1)
      await setTwice(store, `${n}`, parse(`{ __typename } #€${String(n).padEnd(60_000, "c")}`));
    return store;
  });
  // 400 of these take 48 MB.
  expect(kept).toBeLessThan(14_000_000);
});

test("the document store counts the fields of every operation with the fragments that it spreads", async () => {
  const schema = buildTaskJobsSchema();
  const store = createDocumentStore(1_000_000);
  const operations = Array.from({ length: 20 }, (_, n) => `query A${n} { taskJobs(taskId: "${TASK}") { ...F } }`).join(
    " ",
  );
  const fields = Array.from({ length: 20 }, (_, n) => `a${n}: count`).join(" ");
  const document = parse(`${operations} fragment F on TaskJobs { ${fields} }`);
  expect(validate(schema, document)).toEqual([]);
  // Compiled it takes 1 MB, and its few tokens 0.1 MB.
  await setTwice(store, "large", document);
  expect(await store.get("large")).toBeUndefined();
  await setTwice(store, "small", parse("{ __typename }"));
  expect(await store.get("small")).toBeDefined();
});

test("documents that arrive once are not stored and evict no other document", async () => {
  const store = createDocumentStore(400_000);
  const document = (n: number): DocumentNode => parse(`{ __typename } #${String(n).padEnd(60_000, "c")}`);
  await setTwice(store, "regular", document(0));
  for (let n = 1; n <= 50; n += 1) await store.set(`once ${n}`, document(n));
  expect(await store.get("once 50")).toBeUndefined();
  expect(await store.get("regular")).toBeDefined();
});

test("documents that arrive once take under 6 MB, however many there are", async () => {
  const document = parse("{ __typename }");
  const kept = await bytesKeptBy(async () => {
    const store = createDocumentStore();
    for (let n = 0; n < 60_000; n += 1) await store.set(randomBytes(64).toString("hex"), document);
    return store;
  });
  expect(kept).toBeLessThan(6_000_000);
});

test("the least recently used document is dropped first", async () => {
  const store = createDocumentStore(400_000);
  const document = (n: number): DocumentNode => parse(`{ __typename } #${String(n).padEnd(60_000, "c")}`);
  await setTwice(store, "first", document(1));
  await setTwice(store, "second", document(2));
  await store.get("first");
  await setTwice(store, "third", document(3));
  const found = await Promise.all(
    ["first", "second", "third"].map(async (key) => (await store.get(key)) !== undefined),
  );
  expect(found).toEqual([true, false, true]);
});

test("the progress of a task under 1,000 long filters takes no memory for the filters", async () => {
  const kept = await bytesKeptBy(async () => {
    const readProgress = createTaskProgressReader({
      timeoutMs: 1000,
      shared: undefined,
      findProgressGroups: async () => [],
    });
    for (let n = 0; n < 1000; n += 1) {
      const domain = [`${n}.example`, "d".repeat(15_000)];
      await readProgress({
        taskIds: [TASK],
        filter: { domain },
        withEmails: false,
        deadline: deadlineIn(1000),
        userId: TASK,
      });
    }
    return readProgress;
  });
  // 15 MB while a filter was the key.
  expect(kept).toBeLessThan(5_000_000);
});

test("50,000 credentials take the memory of 10,000", async () => {
  const viewer = { userId: TASK, isAdmin: false };
  const kept = await bytesKeptBy(() => {
    const caches = { recent: createRecentCredentials(), identities: createIdentityCache() };
    for (let n = 0; n < 50_000; n += 1) {
      const request = { headers: { "x-api-key": `tj_${n}` } } as unknown as IncomingMessage;
      const fingerprint = fingerprintOf(request) ?? "";
      caches.recent.remember(fingerprint, request, viewer);
      caches.identities.set(fingerprint, viewer.userId);
    }
    return caches;
  });
  // Without the limit they take 17 MB.
  expect(kept).toBeLessThan(10_000_000);
});

test("a UUID that was read from a document does not keep the text of the document in memory", async () => {
  const kept = await bytesKeptBy(() =>
    Array.from({ length: 200 }, (_, n) => {
      const literal = parseValue(`"${TASK}" #${String(n).padEnd(60_000, "c")}`) as ValueNode;
      return Uuid.parseLiteral(literal, {});
    }),
  );
  // 12 MB as a slice of the text.
  expect(kept).toBeLessThan(2_000_000);
});

import { randomBytes, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { apiKeyQueries, newApiKey } from "../auth/api-key.ts";
import type { OpenDatabase } from "../db/client.ts";
import { importBatch } from "../import/import-batch.ts";
import { taskJobQueries } from "../task-jobs/task-job.queries.ts";
import { deadlineIn } from "../values/deadline.ts";
import { isUuid } from "../values/uuid.ts";

const SAMPLE_FILE = fileURLToPath(new URL("../../sample/batch.csv", import.meta.url));
const DEMO_USER_ID = "00000000-0000-4000-8000-000000000001";
const DEMO_ADMIN_ID = "00000000-0000-4000-8000-00000000000a";

interface DemoSecrets {
  readonly taskId: string;
  readonly userKey: string;
  readonly adminKey: string;
}

export interface Demo extends DemoSecrets {
  readonly jobs: number;
}

/**
 * Creates the sample batch and two API keys if they are missing. Their ids are written to a file first, so that the next
 * start completes an interrupted one and fills a new database.
 */
export async function ensureDemo(dataDir: string, database: OpenDatabase): Promise<Demo> {
  const secrets = await ensureSecrets(secretsFile(dataDir));
  const { insertApiKey } = apiKeyQueries(database);
  await insertApiKey(secrets.userKey, { userId: DEMO_USER_ID, isAdmin: false, name: "demo user", expiresAt: null });
  await insertApiKey(secrets.adminKey, { userId: DEMO_ADMIN_ID, isAdmin: true, name: "demo admin", expiresAt: null });
  return { ...secrets, jobs: await ensureSample(database, secrets.taskId) };
}

/** Returns null if no start has created the sample batch. */
export async function findDemoTaskId(dataDir: string): Promise<string | null> {
  const { taskId } = await readSecrets(secretsFile(dataDir));
  return isText(taskId) && isUuid(taskId) ? taskId : null;
}

function secretsFile(dataDir: string): string {
  return join(dataDir, "demo.json");
}

async function ensureSample(database: OpenDatabase, taskId: string): Promise<number> {
  const { findVisibleJobPage } = taskJobQueries(database);
  const sample = await findVisibleJobPage({
    viewer: { userId: DEMO_ADMIN_ID, isAdmin: true },
    taskId,
    page: { limit: 1, offset: 0 },
    select: { jobs: false, count: true },
    deadline: deadlineIn(10_000),
  });
  if (sample !== null) return sample.count;

  const imported = await importBatch(database.sql, {
    input: createReadStream(SAMPLE_FILE),
    fileName: SAMPLE_FILE,
    userId: DEMO_USER_ID,
    taskId,
    onBadRow: "stop",
  });
  return imported.jobs;
}

/** Stores the keys in plain text for their owner, because every start prints them and they open only the demo. */
async function ensureSecrets(file: string): Promise<DemoSecrets> {
  const stored = await readSecrets(file);
  const secrets: DemoSecrets = {
    taskId: isText(stored.taskId) && isUuid(stored.taskId) ? stored.taskId : randomUUID(),
    userKey: isApiKey(stored.userKey) ? stored.userKey : newApiKey(),
    adminKey: isApiKey(stored.adminKey) && stored.adminKey !== stored.userKey ? stored.adminKey : newApiKey(),
  };
  if (Object.entries(secrets).every(([name, secret]) => stored[name] === secret)) return secrets;

  const unfinished = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(unfinished, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(unfinished, file);
  return secrets;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isApiKey = (value: unknown): value is string => isText(value) && /^tj_[\w-]{43}$/.test(value);

/** Accepts any content, because the file may be missing, truncated, empty or written by another program. */
async function readSecrets(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const stored: unknown = JSON.parse(await readFile(file, "utf8"));
    return typeof stored === "object" && stored !== null ? { ...stored } : {};
  } catch {
    return {};
  }
}

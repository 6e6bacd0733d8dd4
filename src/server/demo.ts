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
 * The sample batch and two API keys. What they are called is written down first and the database made to match, so that
 * a start that was cut short, or a database that was thrown away, is mended by the next start.
 */
export async function openDemo(dataDir: string, database: OpenDatabase): Promise<Demo> {
  const secrets = await keepSecrets(join(dataDir, "demo.json"));
  const { insertApiKey } = apiKeyQueries(database);
  const forever = { expiresAt: null };
  await insertApiKey(secrets.userKey, { userId: DEMO_USER_ID, isAdmin: false, name: "demo user", ...forever });
  await insertApiKey(secrets.adminKey, { userId: DEMO_ADMIN_ID, isAdmin: true, name: "demo admin", ...forever });
  return { ...secrets, jobs: await ensureSample(database, secrets.taskId) };
}

async function ensureSample(database: OpenDatabase, taskId: string): Promise<number> {
  const admin = { userId: DEMO_ADMIN_ID, isAdmin: true };
  const { findVisibleJobPage } = taskJobQueries(database);
  const sample = await findVisibleJobPage({
    viewer: admin,
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

/**
 * In plain text, for their owner only: the keys must print again at every start, and open nothing but this machine's
 * demo.
 */
async function keepSecrets(file: string): Promise<DemoSecrets> {
  const kept = readSecrets(await readFile(file, "utf8").catch(() => ""));
  const secrets: DemoSecrets = {
    taskId: isText(kept.taskId) && isUuid(kept.taskId) ? kept.taskId : randomUUID(),
    userKey: isApiKey(kept.userKey) ? kept.userKey : newApiKey(),
    adminKey: isApiKey(kept.adminKey) && kept.adminKey !== kept.userKey ? kept.adminKey : newApiKey(),
  };
  if (Object.entries(secrets).every(([name, secret]) => kept[name] === secret)) return secrets;

  const unfinished = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(unfinished, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(unfinished, file);
  return secrets;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isApiKey = (value: unknown): value is string => isText(value) && /^tj_[\w-]{43}$/.test(value);

/** Accepts any content, because the file may be truncated, empty or written by another program. */
function readSecrets(text: string): Readonly<Record<string, unknown>> {
  try {
    const kept: unknown = JSON.parse(text);
    return typeof kept === "object" && kept !== null ? { ...kept } : {};
  } catch {
    return {};
  }
}

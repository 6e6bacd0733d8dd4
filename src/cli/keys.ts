import { parseArgs } from "node:util";
import { apiKeyQueries, newApiKey } from "../auth/api-key.ts";
import { printable } from "../values/printable.ts";
import { isUuid } from "../values/uuid.ts";
import { runCommand, UsageError } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run keys -- create --user UUID [--admin] [--name TEXT] [--expires WHEN]
  npm run keys -- list
  npm run keys -- revoke ID

  --user UUID     whose tasks the key reads
  --admin         the key reads every task
  --name TEXT     what it is for, shown in the list
  --expires WHEN  RFC 3339 (2027-01-31T00:00:00Z), a date (2027-01-31) or days from now (90d)

A new key is shown once and only its hash is stored. A revoked key is refused at once.`;

runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      user: { type: "string" },
      admin: { type: "boolean", default: false },
      name: { type: "string", default: "" },
      expires: { type: "string" },
    },
  });
  const [action, id, ...more] = positionals;
  if (more.length > 0) throw new UsageError("too many arguments");
  if (action === "create" && id === undefined) return createKey(values);
  if (action === "list" && id === undefined) return listKeys();
  if (action === "revoke") return revokeKey(id);
  throw new UsageError(action === undefined ? "create, list or revoke?" : "create, list or revoke, as below");
});

async function createKey(wanted: { user?: string; admin: boolean; name: string; expires?: string }): Promise<void> {
  if (wanted.user === undefined || !isUuid(wanted.user)) throw new UsageError("--user must be a UUID");
  const owner = { userId: wanted.user, isAdmin: wanted.admin, name: wanted.name, expiresAt: expiryOf(wanted.expires) };
  const key = newApiKey();
  const id = await withDatabase((database) => apiKeyQueries(database).insertApiKey(key, owner));
  // The key alone on standard output, so that a script can take it.
  console.log(key);
  console.error(`Key ${id} for ${owner.isAdmin ? "admin" : "user"} ${owner.userId}. It is not shown again.`);
}

async function listKeys(): Promise<void> {
  const keys = await withDatabase((database) => apiKeyQueries(database).listApiKeys());
  for (const key of keys) {
    const role = key.isAdmin ? "admin" : "user ";
    const state = key.revokedAt ? `revoked ${key.revokedAt}` : `expires ${key.expiresAt ?? "never"}`;
    console.log(
      `${key.id}  ${key.keyPreview}  ${role} ${key.userId}  made ${key.createdAt}  ${state}  ${printable(key.name)}`.trim(),
    );
  }
  if (keys.length === 0) console.error("There are no keys.");
}

async function revokeKey(id: string | undefined): Promise<void> {
  if (id === undefined || !isUuid(id)) throw new UsageError("revoke takes the id that list shows");
  const wasThere = await withDatabase((database) => apiKeyQueries(database).revokeApiKey(id));
  if (!wasThere) throw new Error("There is no key of that id.");
  console.log(`Key ${id} is revoked.`);
}

function expiryOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const moment = days === undefined ? new Date(text) : new Date(Date.now() + Number(days) * 86_400_000);
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  if (Number.isNaN(moment.getTime()) || !(isDate || days !== undefined))
    throw new UsageError("--expires is not a moment");
  if (moment.getTime() <= Date.now()) throw new UsageError("--expires lies in the past");
  return moment.toISOString();
}

import { parseArgs } from "node:util";
import { apiKeyQueries, newApiKey } from "../auth/api-key.ts";
import { printable } from "../values/printable.ts";
import { faultOfRfc3339 } from "../values/rfc3339.ts";
import { isUuid } from "../values/uuid.ts";
import { printTable } from "./print-table.ts";
import { readAction, requireUserId, runCommand, UsageError } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run keys -- create --user UUID [--admin] [--name TEXT] [--expires WHEN]
  npm run keys -- list
  npm run keys -- revoke ID

  --user UUID     the user whose tasks the key can read
  --admin         lets the key read the tasks of all users
  --name TEXT     a description of the key, shown in the list
  --expires WHEN  RFC 3339 (2027-01-31T00:00:00Z), a date (2027-01-31) or a number of days from now (90d)

A new key is printed once, because the database stores only its hash. A revoked key is rejected immediately.
The database is DATABASE_URL, or the embedded database.`;

const ACTIONS = {
  create: { takesArgument: false, rule: "create takes only options, such as --user UUID" },
  list: { takesArgument: false, rule: "list takes no further arguments" },
  revoke: { takesArgument: true, rule: "revoke needs the ID of one key, as printed by list" },
};

runCommand({
  script: "keys",
  usage: USAGE,
  async run() {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        user: { type: "string" },
        admin: { type: "boolean", default: false },
        name: { type: "string", default: "" },
        expires: { type: "string" },
      },
    });
    const { action, argument } = readAction(ACTIONS, positionals);
    if (action === "create") return createKey(values);
    return action === "list" ? listKeys() : revokeKey(argument);
  },
});

async function createKey(options: { user?: string; admin: boolean; name: string; expires?: string }): Promise<void> {
  const { admin: isAdmin, name } = options;
  const userId = requireUserId(options.user);
  const expiresAt = expiryOf(options.expires);
  const key = newApiKey();
  const id = await withDatabase((database) =>
    apiKeyQueries(database).insertApiKey(key, { userId, isAdmin, name, expiresAt }),
  );
  // Standard output contains only the key, so that a script can read it.
  console.log(key);
  console.error(`Created key ${id} for ${isAdmin ? "admin" : "user"} ${userId}. The key will not be shown again.`);
}

async function listKeys(): Promise<void> {
  const keys = await withDatabase((database) => apiKeyQueries(database).listApiKeys());
  if (keys.length === 0) {
    console.error("There are no keys.");
    return;
  }
  const rows = keys.map(({ id, keyPreview, isAdmin, userId, createdAt, expiresAt, revokedAt, name }) => [
    id,
    keyPreview,
    isAdmin ? "admin" : "user",
    userId,
    createdAt,
    expiresAt ?? "never",
    revokedAt ?? "no",
    printable(name),
  ]);
  printTable([["ID", "KEY", "ROLE", "USER", "CREATED", "EXPIRES", "REVOKED", "NAME"], ...rows]);
}

async function revokeKey(id: string): Promise<void> {
  if (!isUuid(id)) throw new UsageError(ACTIONS.revoke.rule);
  const revocation = await withDatabase((database) => apiKeyQueries(database).revokeApiKey(id));
  if (revocation === null) throw new Error(`There is no key with the ID ${id}.`);
  console.log(revocation.isNew ? `Revoked key ${id}.` : `Key ${id} was already revoked, on ${revocation.revokedAt}.`);
}

function expiryOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const moment = days === undefined ? new Date(text) : new Date(Date.now() + Number(days) * 86_400_000);
  // `Date` reads 30 February as 2 March.
  const isDay = faultOfRfc3339(`${text.slice(0, 10)}T00:00:00Z`) === null;
  const isDate = isDay && /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  if (Number.isNaN(moment.getTime()) || !(isDate || days !== undefined)) {
    throw new UsageError("--expires must be an RFC 3339 timestamp, a date or a number of days such as 90d");
  }
  if (moment.getTime() <= Date.now()) throw new UsageError("--expires must be in the future");
  return moment.toISOString();
}

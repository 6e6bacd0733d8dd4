import { createWriteStream } from "node:fs";
import { insertKey } from "../support/api-key.mjs";
import { openReplication } from "../support/replication.mjs";
import { openServerUnderTest } from "../support/server-under-test.mjs";
import { insertData, TRAP, USERS, userId } from "./data.mjs";

/** Starts a server over the storm's data, and writes the server's log to a file. With `standbys` the database is replicated. */
export async function openStormServer({ environment, logFile, program, standbys = 0 }) {
  const log = createWriteStream(logFile);
  const replication = standbys === 0 ? null : await openReplication({ standbys });
  const server = await openServerUnderTest({
    name: "storm",
    environment: { LOG_LEVEL: "error", ...environment },
    program,
    fill,
    seeLine: (line) => log.write(`${line}\n`),
    ...(replication === null ? {} : { openDatabase: async () => databaseOf(replication) }),
  });
  return { ...server, replication, keys: server.filled, trapKey: server.filled[TRAP.user - 1] };
}

const databaseOf = ({ nodes, urlOf, close }) => ({
  url: nodes[0].url,
  // The list starts with the standbys, so that the server has to find the primary.
  serverUrl: urlOf(nodes.toReversed(), "target_session_attrs=primary"),
  close,
});

/** Returns the keys of all users by number. The last one belongs to the trap. */
async function fill(sql) {
  await insertData(sql);
  const keys = [];
  for (let user = 1; user <= USERS + 1; user++) keys.push(await insertKey(sql, userId(user)));
  return keys;
}

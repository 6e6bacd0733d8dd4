import { createWriteStream } from "node:fs";
import { insertKey } from "../support/api-key.mjs";
import { openStage } from "../support/stage.mjs";
import { fillWorld, TRAP, USERS, userId } from "./world.mjs";

/** Starts a server over the storm's data, and writes the server's log to a file. */
export async function openStormStage({ environment, logFile, program }) {
  const log = createWriteStream(logFile);
  const stage = await openStage({
    name: "storm",
    environment: { LOG_LEVEL: "error", ...environment },
    program,
    fill,
    seeLine: (line) => log.write(`${line}\n`),
  });
  return { ...stage, keys: stage.filled, trapKey: stage.filled[TRAP.user - 1] };
}

/** Returns the keys of all users by number. The last one belongs to the trap. */
async function fill(sql) {
  await fillWorld(sql);
  const keys = [];
  for (let user = 1; user <= USERS + 1; user++) keys.push(await insertKey(sql, userId(user)));
  return keys;
}

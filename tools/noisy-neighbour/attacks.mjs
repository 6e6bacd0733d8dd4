import { createHmac } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { JWT_SECRET } from "./data.mjs";
import { exportAndLeave, readSlowly } from "./raw-clients.mjs";

/** Starts at a different number in each process, so that no response comes from the cache of an earlier attack. */
let made = process.pid * 1_000_000;
const aliases = (count, make) => Array.from({ length: count }, (_, index) => `a${index}:${make(index)}`).join(" ");

const bearer = ({ key }) => ({ Authorization: `Bearer ${key}` });
const pageOf = ({ taskId }, limit) => `/api/v1/tasks/${taskId}/jobs?limit=${limit}`;
const query = (attacker, text) => ({
  method: "POST",
  path: "/graphql",
  headers: { ...bearer(attacker), "Content-Type": "application/json" },
  body: JSON.stringify({ query: text }),
});

function farOffsets(attacker) {
  const root = (index) => `taskJobs(taskId:"${attacker.taskId}",offset:${2147480000 + index}){jobs{id}}`;
  return query(attacker, `{${aliases(15, root)}}`);
}

function slowCounts(attacker) {
  const progress = () => `progress(filter:{addressContains:"no-such-${made++}"}){total}`;
  return query(attacker, `{task(id:"${attacker.taskId}"){${aliases(45, progress)}}}`);
}

/** Requests with different notations of the credentials of one user. */
function credentialNotations(attacker) {
  made += 1;
  const { key } = attacker;
  const headers = [
    { Authorization: `bEaReR ${key}` },
    { Authorization: `Bearer${" ".repeat(1 + (made % 200))}${key}` },
    { "X-API-Key": key },
    { Authorization: `Bearer ${tokenOf(attacker)}` },
    { Authorization: `BEARER ${key}`, "X-API-Key": key },
    { Authorization: `token=${key}` },
  ];
  return { method: "GET", path: pageOf(attacker, 10), headers: headers[made % headers.length] };
}

/** Each token is different, because its expiry differs. */
function tokenOf({ userId }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 600 + (made % 10_000);
  const signed = `${part({ alg: "HS256" })}.${part({ sub: userId, exp })}`;
  return `${signed}.${createHmac("sha256", JWT_SECRET).update(signed).digest("base64url")}`;
}

const NESTED = gzipSync(`${"[".repeat(50_000)}${"]".repeat(50_000)}`);
const anonymousBody = () => ({
  method: "POST",
  path: "/graphql",
  headers: { "Content-Type": "application/json", "Content-Encoding": "gzip" },
  body: NESTED,
});

const largePage = (attacker) => ({ method: "GET", path: pageOf(attacker, 100), headers: bearer(attacker) });

/**
 * With `perSecond` all connections together send at this rate, and without it each connection sends its next request as
 * soon as the response has arrived. `also` runs at the same time.
 */
export const ATTACKS = {
  B3: { says: "far offsets, 15 aliases", make: farOffsets, connections: 3, perSecond: 2.5 },
  B4: { says: "slow counts, 45 aliases", make: slowCounts, connections: 3 },
  B5: { says: "exports left or read slowly", also: abuseExports, connections: 0 },
  B6: { says: "varied notations of a key", make: credentialNotations, connections: 12 },
  B7: { says: "gzip bodies, no credential", make: anonymousBody, connections: 100, perSecond: 200 },
  B14: { says: "pages of 100, flat out", make: largePage, connections: 400 },
};

/** Two clients disconnect after 3 ms and reconnect, and two read 512 bytes per second. */
async function abuseExports(options) {
  const { attacker, factor, isOver, count } = options;
  const target = {
    ...options,
    path: `/api/v1/tasks/${attacker.taskId}/jobs/export?format=csv`,
    headers: bearer(attacker),
  };
  async function disconnectRepeatedly() {
    while (!isOver()) {
      await exportAndLeave(target, 3);
      count("left");
      await delay(20);
    }
  }
  const clients = Array.from({ length: 2 * factor }, () => [disconnectRepeatedly(), readSlowly(target, 512)]);
  await Promise.all(clients.flat());
}

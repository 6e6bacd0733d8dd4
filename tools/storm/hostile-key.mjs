import { mkdirSync, readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { requestStatus } from "../support/request-status.mjs";
import { ATTACKS, PAGE_OF_ANOTHER } from "./hostile-requests.mjs";
import { openStormServer } from "./storm-server.mjs";

const HEAP_MB = 256;
const MAX_RSS_MB = 450;
/** Slightly more requests than the rate limit of the server allows. */
const PER_SECOND = 110;
const MAX_UNDER_WAY = 300;
/** The number of pipelined requests, whose responses are never read, on each connection. */
const ANSWERS_OF_A_SLOW_READER = 40;
/** The number of connections that send a body of 100 KB except its last byte. */
const SLOW_BODIES_PER_SECOND = 5;

/**
 * One key sends the requests that take the most memory, as fast as `RATE_LIMIT=100/s` allows, to a server with a heap of 256 MB.
 * The exit code is 0 if the server survives under 450 MB, answers nothing with 500 and still serves another key.
 */
export async function runHostileKey(seconds, program) {
  if (!(seconds >= 5)) throw new Error("--seconds must be at least 5");
  mkdirSync(".artifacts", { recursive: true });
  const environment = { RATE_LIMIT: "100/s", NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}` };
  const server = await openStormServer({ environment, logFile: ".artifacts/hostile-key.log", program });
  let serverEnd = null;
  server.ended.then(([code, signal]) => {
    serverEnd = code ?? signal;
  });
  const counted = { attacker: {}, other: {} };
  const isOver = openClock(seconds, () => serverEnd !== null);
  const rss = watchRss(server.pid);
  await Promise.all([
    attack(server, { counted: counted.attacker, isOver, seconds }),
    askAsAnother(server, counted.other, isOver),
  ]);
  const survived = serverEnd === null;
  const peakMb = rss.stop();
  const endedWith = await server.close();

  const failures = Object.keys(counted.attacker).filter((status) => status === "500");
  const served = (counted.other[200] ?? 0) / Object.values(counted.other).reduce((sum, count) => sum + count, 0);
  const isGood = survived && endedWith === 0 && peakMb < MAX_RSS_MB && failures.length === 0 && served > 0.9;
  const lines = [
    `hostile-key: ${isGood ? "good" : "BAD"} after ${seconds} s, heap of ${HEAP_MB} MB`,
    `survived: ${survived}, ended with ${endedWith}`,
    `peak RSS: ${peakMb} MB (limit ${MAX_RSS_MB}), each minute: ${rss.eachMinute().join(", ")}`,
    `the hostile key was answered ${JSON.stringify(counted.attacker)}`,
    `another key was answered ${JSON.stringify(counted.other)}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return isGood ? 0 : 1;
}

function openClock(seconds, isEnded) {
  const until = performance.now() + seconds * 1000;
  return () => performance.now() > until || isEnded();
}

function watchRss(pid) {
  const samples = [];
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      samples.push(Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024));
    } catch {
      // The process has ended; the report includes this.
    }
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(...samples);
    },
    eachMinute: () => samples.filter((_, index) => index % 600 === 599 || index === samples.length - 1),
  };
}

async function attack({ origin, keys }, { counted, isOver, seconds }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 40 });
  const readers = openSlowReaders(origin, keys[0], counted);
  const count = (status) => {
    counted[status] = (counted[status] ?? 0) + 1;
  };
  const startedAt = performance.now();
  let sent = 0;
  let underWay = 0;
  let bodies = 0;
  for (let round = 0; !isOver(); round++) {
    // Each kind of request alone, then all kinds in rotation.
    const phase = Math.floor(((performance.now() - startedAt) / 1000 / seconds) * (ATTACKS.length + 1));
    const { make, reads } = ATTACKS[phase] ?? ATTACKS[round % ATTACKS.length];
    for (const request of make()) {
      sent += 1;
      if (!reads) readers.send(request);
      else if (underWay < MAX_UNDER_WAY) {
        underWay += 1;
        void sendWithKey(origin, keys[0], { ...request, agent }).then((status) => {
          underWay -= 1;
          count(status);
        });
      }
    }
    const elapsed = (performance.now() - startedAt) / 1000;
    if (bodies < elapsed * SLOW_BODIES_PER_SECOND) {
      bodies += 1;
      readers.holdBody();
    }
    await delay(Math.max(1, (sent / PER_SECOND - elapsed) * 1000));
  }
  readers.close();
  for (let waited = 0; underWay > 0 && waited < 50; waited++) await delay(100);
  agent.destroy();
}

async function askAsAnother({ origin, keys }, counted, isOver) {
  while (!isOver()) {
    const status = await sendWithKey(origin, keys[1], { method: "GET", path: PAGE_OF_ANOTHER });
    counted[status] = (counted[status] ?? 0) + 1;
    await delay(200);
  }
}

const sendWithKey = (origin, key, request) =>
  requestStatus(origin, { ...request, headers: headersOf(key, request.body, request.headers) });

function headersOf(key, body, more = {}) {
  const ofBody =
    body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  return { Authorization: `Bearer ${key}`, ...ofBody, ...more };
}

/** Connections that send requests and never read a response. */
function openSlowReaders(origin, key, counted) {
  const { hostname, port } = new URL(origin);
  const sockets = new Set();
  /** @type {net.Socket | null} */
  let current = null;
  let carried = 0;

  function open() {
    const socket = net.connect(Number(port), hostname);
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      counted.cut = (counted.cut ?? 0) + 1;
      sockets.delete(socket);
    });
    return socket.pause();
  }

  function write(socket, { method, path, body, headers }) {
    const lines = Object.entries({ Host: hostname, ...headersOf(key, body, headers) }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    if (body !== undefined) socket.write(body);
  }

  return {
    send(request) {
      if (current === null || current.destroyed || carried >= ANSWERS_OF_A_SLOW_READER) {
        current = open();
        carried = 0;
      }
      carried += 1;
      write(current, request);
    },
    holdBody() {
      const socket = open();
      const lines = Object.entries({ Host: hostname, ...headersOf(key, "x".repeat(100_000)) }).map(
        ([name, value]) => `${name}: ${value}`,
      );
      socket.write(`POST /graphql HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n{"query":"${"x".repeat(99_900)}`);
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

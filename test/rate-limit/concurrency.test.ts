import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { SignJWT } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const SECRET = "a secret of thirty-two characters";

let server: TestServer;
afterEach(() => server.close());

const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

async function lockTasks() {
  // The driver reserves a connection only of a pool that has one.
  await server.sql`select 1`;
  const blocker = await server.sql.reserve();
  await blocker`begin`;
  await blocker`lock table tasks in access exclusive mode`;
  const atWork = async () => (await server.sql`select 1 from pg_locks where not granted`).length;
  const release = async () => {
    await blocker`commit`;
    blocker.release();
  };
  return { atWork, release };
}

describe("requests at work", () => {
  test("every spelling of a key shares the limit of its user", async () => {
    server = await startTestServer({ environment: { DATABASE_POOL_SIZE: "8", JWT_SECRET: SECRET } });
    const { key, userId } = await server.as();
    const other = await server.as();
    const path = `/api/v1/tasks/${randomUUID()}/jobs`;
    const token = (n: number) =>
      new SignJWT({ sub: userId.toUpperCase(), exp: Math.floor(Date.now() / 1000) + 600 + n })
        .setProtectedHeader({ alg: "HS256" })
        .sign(Buffer.from(SECRET));
    const spellings: ((n: number) => Promise<Record<string, string>>)[] = [
      async () => ({ Authorization: `bEaReR   ${key}` }),
      async () => ({ "X-API-Key": key }),
      async (n) => ({ Authorization: `Bearer ${await token(n)}` }),
      async () => ({ Authorization: `BEARER ${key}`, "x-api-key": key }),
    ];
    // Beside another user, one has a quarter of the slots.
    await (await server.as()).get(path);
    await other.get(path);
    const { atWork, release } = await lockTasks();
    const burst = times(16, async (n) => {
      const headers = await spellings[n % spellings.length]?.(n);
      return fetch(server.url + path, headers === undefined ? {} : { headers });
    });
    // A quarter of the eight.
    await expect.poll(atWork).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await atWork()).toBe(2);
    const theirs = other.get(path);
    await expect.poll(atWork).toBe(3);
    await release();
    expect((await theirs).status).toBe(404);
    expect(new Set((await burst).map(({ status }) => status))).toEqual(new Set([404]));
  });

  test("a request that cannot be served in time is 503 with Retry-After, and the next one is served", async () => {
    server = await startTestServer({
      environment: { DATABASE_POOL_SIZE: "4", REQUEST_TIMEOUT_MS: "600", STATEMENT_TIMEOUT_MS: "500" },
    });
    const viewer = await server.as();
    const path = `/api/v1/tasks/${randomUUID()}/jobs`;
    await viewer.get(path);
    const { release } = await lockTasks();
    const answers = await times(10, () => viewer.get(path));
    await release();
    for (const { status } of answers) expect([503, 504]).toContain(status);
    expect(answers.find(({ status }) => status === 503)?.headers.get("retry-after")).toBe("1");
    expect((await viewer.get(path)).status).toBe(404);
  });

  test("refusals beyond 20 per second wait before their response, and the page of a good caller does not", async () => {
    server = await startTestServer();
    const viewer = await server.as();
    const path = `/api/v1/tasks/${randomUUID()}/jobs`;
    await viewer.get(path);
    const timeOf = async () => {
      const startedAt = performance.now();
      expect((await fetch(server.url + path)).status).toBe(401);
      return performance.now() - startedAt;
    };
    const waited = (await times(60, timeOf)).filter((ms) => ms >= 990).length;
    expect(waited).toBeGreaterThanOrEqual(20);
    const late = timeOf();
    const good = viewer.get(path).then(() => "good");
    expect(await Promise.race([late.then(() => "late"), good])).toBe("good");
    await late;
  });

  test("a revoked key is refused at once, though its user is known", async () => {
    server = await startTestServer();
    const viewer = await server.as();
    const path = `/api/v1/tasks/${randomUUID()}/jobs`;
    expect((await viewer.get(path)).status).toBe(404);
    await server.sql`update api_keys set revoked_at = now()`;
    expect((await viewer.get(path)).status).toBe(401);
  });

  test("a client that disconnects while its request waits frees its place in the queue", async () => {
    server = await startTestServer({ environment: { DATABASE_POOL_SIZE: "4" } });
    const viewer = await server.as();
    const path = `/api/v1/tasks/${randomUUID()}/jobs`;
    await viewer.get(path);
    const { atWork, release } = await lockTasks();
    const leaving = new AbortController();
    const burst = times(20, () => viewer.get(path, { signal: leaving.signal }).catch(() => null));
    await expect.poll(atWork).toBe(1);
    leaving.abort();
    await burst;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await release();
    const statements = await server.countStatements(async () => {
      expect((await viewer.get(path)).status).toBe(404);
    });
    expect(statements).toBe(2);
  });

  test("an export frees its slot when its response begins", async () => {
    server = await startTestServer({ environment: { DATABASE_POOL_SIZE: "4" } });
    const viewer = await server.as();
    const taskId = await aTask(server.sql, { user_id: viewer.userId });
    await someJobs(server.sql, taskId, 100_000);
    const path = `/api/v1/tasks/${taskId}/jobs`;
    const running = await viewer.get(`${path}/export`);
    expect(running.status).toBe(200);
    expect((await viewer.get(path)).status).toBe(200);
    await running.body?.cancel();
  });

  test("a body that is still arriving holds no slot", async () => {
    server = await startTestServer({ environment: { DATABASE_POOL_SIZE: "4" } });
    const viewer = await server.as();
    const body = JSON.stringify({ query: "{ viewer { userId } }" });
    const slow = connect(server.port, "127.0.0.1");
    slow.write(
      `POST /graphql HTTP/1.1\r\nHost: a\r\nX-API-Key: ${viewer.key}\r\nContent-Type: application/json\r\n` +
        `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await viewer.query("{ viewer { userId } }")).status).toBe(200);
    slow.write(body.slice(5));
    const chunks: Buffer[] = [];
    for await (const chunk of slow) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toContain(viewer.userId);
  });
});

describe("a body", () => {
  const nested = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  const post = (body: Uint8Array | string, headers: Record<string, string>) =>
    fetch(`${server.url}/graphql`, {
      method: "POST",
      body: typeof body === "string" ? body : Uint8Array.from(body),
      headers: { "Content-Type": "application/json", ...headers },
    });

  test("a request without a valid credential is 401, whatever else is wrong with it", async () => {
    server = await startTestServer();
    const { key } = await server.as();
    for (const path of ["/graphql?query=%", "/graphql?query={__typename}&variables=%FF", "/graphql?query="]) {
      expect([path, (await fetch(server.url + path)).status]).toEqual([path, 401]);
      expect([path, (await fetch(server.url + path, { headers: { "X-API-Key": key } })).status]).toEqual([path, 400]);
    }
    expect((await post("{", { "Content-Encoding": "br" })).status).toBe(401);
    expect((await post("{", { "Content-Encoding": "br", "X-API-Key": key })).status).toBe(415);
  });

  test("the body of a caller without a valid credential is neither inflated nor parsed", async () => {
    server = await startTestServer();
    for (const headers of [{}, { Authorization: `Bearer tj_${"x".repeat(40)}` }]) {
      // The body is neither gzip nor JSON, so any parser would answer 400.
      expect((await post("no gzip", { ...headers, "Content-Encoding": "gzip" })).status).toBe(401);
      expect((await post("{", headers)).status).toBe(401);
    }
  });

  test("a body with too many values is refused before it is parsed, and the error names the limit", async () => {
    server = await startTestServer();
    const { key } = await server.as();
    const headers = { "X-API-Key": key, "Content-Encoding": "gzip" };
    const answer = await post(gzipSync(nested), headers);
    expect([answer.status, ((await answer.json()) as { errors: { message: string }[] }).errors[0]?.message]).toEqual([
      400,
      "The request body must not have more than 4000 JSON values",
    ]);
    expect((await post(gzipSync(Buffer.alloc(10_000_000, "[")), headers)).status).toBe(413);
    expect((await post("no gzip", headers)).status).toBe(400);
  });

  test("a body that is not UTF-8 is refused", async () => {
    server = await startTestServer();
    const { key } = await server.as();
    const body = Buffer.from('{"query":"{ viewer { userId } } # \xff"}', "latin1");
    expect((await post(body, { "X-API-Key": key })).status).toBe(400);
  });
});

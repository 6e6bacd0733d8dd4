import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { findFreePorts } from "../../tools/support/free-ports.mjs";
import { aJob, aTask, someJobs } from "../support/builders.ts";
import { findProgram, LONG_TIMEOUTS } from "../support/example.ts";
import { sharedTestServer } from "../support/test-server.ts";

const nginx = findProgram({
  candidates: ["nginx", "/usr/sbin/nginx"],
  probe: ["-v"],
  remedy: "No nginx was found: run `apt-get install nginx-light`.",
});

describe.skipIf(nginx === null)("nginx with the configuration of examples/nginx", async () => {
  const server = await sharedTestServer({ environment: { ...LONG_TIMEOUTS, TRUST_PROXY_HOPS: "1" } });
  const owner = await server.as();
  const folder = mkdtempSync(join(tmpdir(), "task-jobs-nginx-"));
  const [rootPort = 0, prefixPort = 0] = await findFreePorts(2);
  const headers = { Authorization: `Bearer ${owner.key}` };
  let taskId = "";
  let child: ReturnType<typeof spawn>;

  beforeAll(async () => {
    taskId = await aTask(server.sql, { user_id: owner.userId });
    await someJobs(server.sql, taskId, 3);
    cpSync("examples/nginx", folder, { recursive: true });
    replaceInFiles(folder, {
      "127.0.0.1:4000": `127.0.0.1:${server.port}`,
      "listen 8080": `listen 127.0.0.1:${rootPort}`,
      "listen 8081": `listen 127.0.0.1:${prefixPort}`,
      "/tmp/task-jobs-nginx": `${folder}/temp`,
    });
    child = spawn(nginx ?? "", ["-c", join(folder, "try.conf")], { stdio: "inherit" });
    await isListening(prefixPort);
  });

  afterAll(async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["root.conf", rootPort, ""],
    ["prefix.conf", prefixPort, "/tj"],
  ])(
    "%s serves a page whose links and redirects begin with its path, whatever prefix a caller sends",
    async (_, port, prefix) => {
      const base = `http://127.0.0.1:${port}${prefix}`;
      const page = await fetch(`${base}/api/v1/tasks/${taskId}/jobs?limit=1`, {
        headers: { ...headers, "X-Forwarded-Prefix": "/forged" },
      });
      expect(await page.json()).toMatchObject({ count: 3 });
      const next = /<([^>]*)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
      expect(next).toBe(`${prefix}/api/v1/tasks/${taskId}/jobs?limit=1&offset=1`);
      expect((await fetch(new URL(next, page.url), { headers })).status).toBe(200);

      const redirect = await fetch(`${base}/graphql`, { headers: { Accept: "text/html" }, redirect: "manual" });
      expect(redirect.headers.get("location")).toBe(`${prefix}/graphiql`);
    },
  );

  test("root.conf and prefix.conf pass each event of a stream when it happens", async () => {
    const openTask = await aTask(server.sql, { user_id: owner.userId });
    await aJob(server.sql, { task_id: openTask });
    const streams = [`${rootPort}`, `${prefixPort}/tj`].map((place) =>
      fetch(`http://127.0.0.1:${place}/api/v1/tasks/${openTask}/events`, { headers }).then(readTexts),
    );
    const readers = await Promise.all(streams);
    const first = await Promise.all(readers.map((readUntil) => readUntil('"progress_percent":0')));
    for (const text of first) expect(text).not.toContain("event: complete");
    await server.sql`update task_email_jobs set status = 'completed', updated_at = now() where task_id = ${openTask}`;
    const whole = await Promise.all(readers.map((readUntil) => readUntil("event: complete")));
    for (const text of whole) expect(text).toContain('"progress_percent":100');
  });

  test("root.conf and prefix.conf pass the upgrade to a WebSocket", async () => {
    for (const place of [`${rootPort}`, `${prefixPort}/tj`]) {
      const socket = new WebSocket(`ws://127.0.0.1:${place}/graphql`, "graphql-transport-ws");
      await once(socket, "open");
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: headers.Authorization } }));
      const [message] = await once(socket, "message");
      expect(JSON.parse(String(message))).toEqual({ type: "connection_ack" });
      socket.close();
      await once(socket, "close");
    }
  });

  test("deploy/nginx.conf, which includes these files, is valid", () => {
    const config = join(folder, "deploy.conf");
    const text = readFileSync("deploy/nginx.conf", "utf8");
    const local = text.replace("/tmp/nginx.pid", `${folder}/deploy.pid`).replace(/server-\d/g, "127.0.0.1");
    writeFileSync(config, local.replaceAll("/nginx/", `${folder}/`));
    const { status, stderr } = spawnSync(nginx ?? "", ["-t", "-c", config], { encoding: "utf8" });
    expect(stderr).toContain("syntax is ok");
    expect(status).toBe(0);
  });
});

/** Returns a function that reads the body until it contains a text, and resolves with all that was read. */
function readTexts(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return async (expected: string): Promise<string> => {
    while (!text.includes(expected)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream ended before ${expected}`);
      text += value;
    }
    return text;
  };
}

function replaceInFiles(folder: string, replacements: Readonly<Record<string, string>>): void {
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    let text = readFileSync(path, "utf8");
    for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(from, to);
    writeFileSync(path, text);
  }
}

async function isListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = connect(port, "127.0.0.1");
    const opened = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (opened) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on port ${port}`);
}

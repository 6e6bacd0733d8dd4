import { AsyncLocalStorage } from "node:async_hooks";
import {
  context,
  type Span,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTraceparent } from "../../src/http/request/traceparent.ts";
import { findTracer } from "../../src/metrics/tracing.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { connectSocket, runOperation } from "../support/socket-reader.ts";
import { sharedTestDatabase } from "../support/test-database.ts";
import { serveDatabase } from "../support/test-server.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const database = await sharedTestDatabase();
const serve = async () => {
  const server = await serveDatabase(database.url, {});
  afterAll(() => server.close());
  const user = await server.as();
  const id = await aTask(database.sql, { user_id: user.userId });
  await someJobs(database.sql, id, 1);
  return { server, user, id };
};
const linesOf = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));

describe("the header traceparent", () => {
  test.each([
    [`00-${TRACE}-${PARENT}-01`, true],
    [`00-${TRACE}-${PARENT}-00`, true],
    [`cc-${TRACE}-${PARENT}-01`, true],
    [`cc-${TRACE}-${PARENT}-01-more`, true],
    [`cc-${TRACE}-${PARENT}-01.more`, false],
    [`00-${TRACE}-${PARENT}-01-more`, false],
    [`ff-${TRACE}-${PARENT}-01`, false],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`, false],
    [`00-${"0".repeat(32)}-${PARENT}-01`, false],
    [`00-${TRACE}-${"0".repeat(16)}-01`, false],
    [`00-${TRACE}-${PARENT}`, false],
    [`00-${TRACE}-${PARENT}-1`, false],
    [` 00-${TRACE}-${PARENT}-01`, false],
    [`00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`, false],
    ["", false],
  ])("%j is read or ignored by the rules of W3C Trace Context", (header, isValid) => {
    expect(readTraceparent(header)).toEqual(isValid ? { trace_id: TRACE, span_id: PARENT } : null);
  });

  test("a valid traceparent is on every log line of the request, and an invalid one on none", async () => {
    expect(findTracer()).toBeNull();
    const { server, user, id } = await serve();
    const admin = await server.as({ isAdmin: true });
    const path = `/api/v1/tasks/${id}/jobs`;
    await admin.get(path, { headers: { traceparent: `00-${TRACE}-${PARENT}-01`, "X-Request-ID": "traced" } });
    await user.get(path, { headers: { traceparent: `00-${TRACE}-${PARENT}-zz`, "X-Request-ID": "invalid" } });
    const lines = linesOf(server.logLines);
    const traced = lines.filter(({ requestId }) => requestId === "traced");
    expect(traced.map(({ msg, trace_id, span_id }) => [msg, trace_id, span_id]).sort()).toEqual([
      ["audit", TRACE, PARENT],
      ["request", TRACE, PARENT],
    ]);
    expect(lines.find(({ requestId }) => requestId === "invalid")).not.toHaveProperty("trace_id");
  });

  test("the traceparent of a WebSocket handshake is on the log lines of its operations, too", async () => {
    const { server, user } = await serve();
    const connection = await connectSocket({
      url: server.url,
      connectionParams: { authorization: `Bearer ${user.key}` },
      headers: { traceparent: `00-${TRACE}-${PARENT}-01`, "X-Request-ID": "socket" },
    });
    await runOperation(connection, "1", { query: "{ viewer { userId } }" }).result();
    await connection.close();
    await expect
      .poll(() => linesOf(server.logLines).map(({ msg, requestId, trace_id }) => [msg, requestId, trace_id]))
      .toEqual([
        ["operation", "socket.1", TRACE],
        ["request", "socket", TRACE],
      ]);
  });
});

interface Ended {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Record<string, unknown>;
  readonly isError: boolean;
}

/** A tracer and a context manager as an SDK registers them, which keep the spans that have ended. */
function registerSdk(): Ended[] {
  const storage = new AsyncLocalStorage<ReturnType<typeof context.active>>();
  const ended: Ended[] = [];
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT,
    with: (active, work, ...[self, ...args]) => storage.run(active, () => work.call(self as never, ...args)),
    bind: (_active, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
  const names = new Map<string, string>();
  const startSpan: Tracer["startSpan"] = (name, options = {}, parent = context.active()) => {
    const spanId = (names.size + 1).toString(16).padStart(16, "0");
    const parentId = trace.getSpanContext(parent)?.spanId;
    const state = { name, isError: false, attributes: { ...options.attributes } as Record<string, unknown> };
    names.set(spanId, name);
    const spanContext: SpanContext = { traceId: TRACE, spanId, traceFlags: TraceFlags.SAMPLED };
    const span = {
      spanContext: () => spanContext,
      updateName(next: string) {
        state.name = next;
        names.set(spanId, next);
        return span;
      },
      setAttribute(key: string, value: unknown) {
        state.attributes[key] = value;
        return span;
      },
      recordException(error: unknown) {
        state.attributes.exception = String(error);
      },
      setStatus({ code }: { code: SpanStatusCode }) {
        state.isError = code === SpanStatusCode.ERROR;
        return span;
      },
      end: () => ended.push({ ...state, parent: parentId === undefined ? undefined : names.get(parentId) }),
    } as unknown as Span;
    return span;
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as Tracer });
  return ended;
}
const ROOT = context.active();

describe("with an SDK of OpenTelemetry", () => {
  let ended: Ended[];
  beforeAll(() => {
    ended = registerSdk();
  });
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  test("a request, its operation and its statements have spans without data of callers, and the log names the span", async () => {
    const { server, user, id } = await serve();
    ended.length = 0;
    const path = `/api/v1/tasks/${id}/jobs`;
    await user.get(`${path}?limit=1`, {
      headers: { "X-Request-ID": "spans", traceparent: `00-${TRACE}-${PARENT}-01` },
    });
    await user.query("query Secret($id: UUID!) { task(id: $id) { id } }", { id });
    await expect
      .poll(() => ended.filter(({ name }) => name.startsWith("GET") || name.startsWith("POST")))
      .toHaveLength(2);
    expect(ended.map(({ name, isError }) => [name, isError])).toContainEqual(["GET /api/v1/tasks/:id/jobs", false]);
    const route = { "http.request.method": "POST", "http.route": "/graphql", "http.response.status_code": 200 };
    expect(ended.find(({ name }) => name === "POST /graphql")?.attributes).toEqual(route);
    expect(ended.find(({ name }) => name === "query taskJobs")?.attributes).toEqual({
      "graphql.operation.type": "query",
    });
    expect(ended.filter(({ name }) => name === "query task")).toHaveLength(1);
    const statements = ended.filter(({ name }) => name === "postgresql pages");
    expect(statements.length).toBeGreaterThanOrEqual(4);
    expect(statements.filter(({ parent }) => parent === undefined)).toEqual([]);
    const line = linesOf(server.logLines).find(({ requestId }) => requestId === "spans");
    expect(line).toMatchObject({ trace_id: TRACE, span_id: expect.stringMatching(/^0{14}/) });
    expect(JSON.stringify(ended)).not.toMatch(/Secret|@example|select|[0-9a-f]{8}-[0-9a-f]{4}/i);
  });

  test("the span of a statement that fails is an error, without the message of the database", async () => {
    const { user, id } = await serve();
    ended.length = 0;
    await database.sql`alter table task_email_jobs rename to renamed`;
    await user
      .get(`/api/v1/tasks/${id}/jobs`)
      .finally(() => database.sql`alter table renamed rename to task_email_jobs`);
    const failed = ended.filter(({ name, isError }) => isError && name.startsWith("postgresql"));
    expect(failed.map(({ attributes }) => attributes)).toEqual([
      { "db.system.name": "postgresql", "task_jobs.pool": "pages" },
    ]);
  });
});

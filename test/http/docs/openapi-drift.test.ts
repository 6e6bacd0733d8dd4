import { readFileSync } from "node:fs";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import express from "express";
import { describe, expect, test, vi } from "vitest";
import { DELIVERABILITIES } from "../../../src/email/deliverability.ts";
import { Failure, type FailureKind } from "../../../src/errors.ts";
import { DOWNLOAD_PARAMETERS, EXPORT_PARAMETERS } from "../../../src/export/export.route.ts";
import { DOWNLOAD_FORMATS, EXPORT_FORMATS } from "../../../src/export/export-jobs.ts";
import { EXPORT_FIELDS } from "../../../src/export/exported-job.ts";
import { buildTaskJobsSchema } from "../../../src/graphql/schema.ts";
import type { KnownParameters } from "../../../src/http/request/rest-parameters.ts";
import { FILTER_PARAMETERS } from "../../../src/job-search/job-filter.ts";
import { orderOfSort, SORT_WORDS } from "../../../src/job-search/job-order.ts";
import { JOB_STATUSES } from "../../../src/job-search/job-record.ts";
import { EVENT_PARAMETERS } from "../../../src/live/task-events.route.ts";
import { MAX_WORD_LENGTH, MAX_WORDS } from "../../../src/paging/filter.ts";
import { DEFAULT_LIMIT, DEFAULT_OFFSET, MAX_LIMIT, MAX_OFFSET } from "../../../src/paging/page.ts";
import { JOB_PAGE_PARAMETERS } from "../../../src/task-jobs/task-job.route.ts";
import { type StoredMetrics, toDocumentedMetrics } from "../../../src/tasks/progress/documented-metrics.ts";
import { TASK_PAGE_PARAMETERS } from "../../../src/tasks/task.route.ts";
import { programVersion } from "../../../src/values/version.ts";
import { METRICS_PARAMETERS } from "../../../src/verification-metrics/verification-metrics.route.ts";
import { faultsOfAnswer } from "../../../tools/support/rest-contract.mjs";
import { openapi, queryParametersOf, resolve, type Schema } from "../../support/openapi.ts";
import { shapeOfFragment } from "../../support/stored-shape.ts";
import { startTestServer } from "../../support/test-server.ts";

const { schemas } = openapi.components;

/** The pages for browsers and GraphQL, which openapi.json does not describe. */
const OTHER_ROUTE = /^\/(graphql|docs|favicon\..*|home\.css)?$/;

test("openapi.json has exactly the paths that the server has routes for, and the version of the program", async () => {
  const register = vi.spyOn(express.Router.prototype, "route");
  const server = await startTestServer({ environment: { METRICS_TOKEN: "a-token-of-a-test" } });
  await server.close();
  const paths = register.mock.calls.flatMap(([path]) => path);
  register.mockRestore();
  const routes = paths.map((path) => String(path).replace(/:(\w+)/g, "{$1}"));
  expect(Object.keys(openapi.paths).sort()).toEqual(routes.filter((route) => !OTHER_ROUTE.test(route)).sort());
  expect(openapi.info.version).toBe(programVersion());
});

test("a strict linter has no complaint about openapi.json, and finds a missing name of an operation", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const source = readFileSync("openapi.json", "utf8");
  const complaintsAbout = async (source: string) =>
    (await lintFromString({ source, config, absoluteRef: "openapi.json" })).map(({ ruleId }) => ruleId);
  expect(await complaintsAbout(source)).toEqual([]);
  expect(await complaintsAbout(source.replace('"operationId": "getHealth",', ""))).toEqual(["operation-operationId"]);
});

describe("the parameters in openapi.json", () => {
  const READERS: Readonly<Record<string, KnownParameters>> = {
    "/api/v1/metrics/verifications": METRICS_PARAMETERS,
    "/api/v1/tasks": TASK_PAGE_PARAMETERS,
    "/api/v1/tasks/{id}": {},
    "/api/v1/tasks/{id}/download": DOWNLOAD_PARAMETERS,
    "/api/v1/tasks/{id}/events": EVENT_PARAMETERS,
    "/api/v1/tasks/{id}/jobs/{job_id}": {},
    "/api/v1/tasks/{id}/jobs": JOB_PAGE_PARAMETERS,
    "/api/v1/tasks/{id}/jobs/export": EXPORT_PARAMETERS,
  };
  const paths = Object.keys(openapi.paths).filter((path) => path.startsWith("/api/"));

  test.each(paths)("%s has the parameters that its reader knows, and the same ones are lists", (path) => {
    const { lenient = [], strict = [], lists = new Set<string>() } = READERS[path] ?? {};
    const described = queryParametersOf(path);
    expect(READERS).toHaveProperty([path]);
    expect([...described.keys()].sort()).toEqual([...lenient, ...strict].sort());
    const arrays = [...described.values()].filter(({ schema }) => schema.type === "array").map(({ name }) => name);
    expect(arrays.sort()).toEqual([...lists].sort());
  });

  test("the parameters have the bounds, defaults and words of the readers", () => {
    const page = queryParametersOf("/api/v1/tasks/{id}/jobs");
    const schemaOf = (name: string) => page.get(name)?.schema;
    expect(schemaOf("limit")).toEqual({ type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT });
    expect(schemaOf("offset")).toEqual({ type: "integer", minimum: 0, maximum: MAX_OFFSET, default: DEFAULT_OFFSET });
    expect(schemaOf("status")?.items?.enum).toEqual(JOB_STATUSES);
    expect(schemaOf("sort")?.enum).toEqual(SORT_WORDS);
    expect(schemaOf("sort")?.default).toBe(orderOfSort(null).toLowerCase());
    expect(schemaOf("deliverability")?.items?.enum).toEqual(DELIVERABILITIES.map((word) => word.toLowerCase()));
    const words = { type: "string", minLength: 1, maxLength: MAX_WORD_LENGTH };
    expect([schemaOf("q"), schemaOf("domain")?.items, schemaOf("email_status")?.items]).toEqual([words, words, words]);
    const lists = FILTER_PARAMETERS.filter((name) => schemaOf(name)?.type === "array");
    expect(lists.map((name) => schemaOf(name)?.maxItems)).toEqual(lists.map(() => MAX_WORDS));
    const exported = queryParametersOf("/api/v1/tasks/{id}/jobs/export");
    expect(exported.get("format")?.schema.enum).toEqual(EXPORT_FORMATS);
    const downloaded = queryParametersOf("/api/v1/tasks/{id}/download");
    expect(downloaded.get("format")?.schema).toMatchObject({ enum: DOWNLOAD_FORMATS, default: "csv" });
    expect(exported.get("fields")?.schema.items?.enum).toEqual(EXPORT_FIELDS);
  });
});

/** A schema without what a GraphQL schema cannot express, and with its references resolved. */
function shapeOf(schema: Schema): Schema {
  const { type, format, properties } = resolve(schema);
  const keys = Object.entries(properties ?? {}).map(([name, property]) => [name, shapeOf(property)] as const);
  return {
    ...(type === undefined ? {} : { type }),
    ...(format === undefined ? {} : { format }),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(keys) }),
  };
}
const keysOf = (schema: Schema | undefined) => Object.keys(resolve(schema ?? {}).properties ?? {});

describe("the schemas in openapi.json", () => {
  const graphqlSchema = buildTaskJobsSchema();
  const METRICS = "src/tasks/progress/metrics-fields.rest.graphql";

  test("a job has the keys, types and nullability that the stored document selects", () => {
    const stored = shapeOfFragment(graphqlSchema, "src/task-jobs/job-fields.rest.graphql");
    expect(shapeOf({ $ref: "#/components/schemas/Job" })).toEqual(stored);
    expect(keysOf(schemas.Job)).toEqual(keysOf(stored));
    expect(keysOf(schemas.Email)).toEqual(keysOf(stored.properties?.email));
    // The route omits the key of a job without an email.
    expect(schemas.Job?.required).toEqual(keysOf(stored).filter((name) => name !== "email"));
    expect(schemas.Email?.required).toEqual(keysOf(schemas.Email));
  });

  test("a task has the keys, types and nullability that the stored document selects and the route nests", () => {
    const { properties } = shapeOfFragment(graphqlSchema, "src/tasks/task-fields.rest.graphql", [METRICS]);
    const stored = shapeOfFragment(graphqlSchema, METRICS).properties as unknown as StoredMetrics;
    const nested = toDocumentedMetrics(stored) as Record<string, Schema>;
    const metrics = {
      ...nested,
      job_status: { type: "object", properties: nested.job_status },
      // The route computes this share.
      progress: { type: "number" },
    };
    expect(shapeOf({ $ref: "#/components/schemas/Task" })).toEqual({
      type: "object",
      properties: { ...properties, metrics: { type: "object", properties: metrics } },
    });
    expect(keysOf(schemas.Task)).toEqual(Object.keys(properties ?? {}));
    expect(keysOf(schemas.Metrics)).toEqual(Object.keys(nested));
    for (const name of [
      "Task",
      "TaskPage",
      "JobPage",
      "Metrics",
      "JobStatusCounts",
      "VerificationCounts",
      "VerificationMetrics",
    ])
      expect([name, schemas[name]?.required]).toEqual([name, keysOf(schemas[name])]);
  });

  test("the flat objects of an export have the fields of the export", () => {
    expect(keysOf(schemas.ExportedFields)).toEqual(EXPORT_FIELDS);
  });
});

describe("the responses in openapi.json", () => {
  /** No operation describes these: REST reads no bodies and accepts no WebSocket connections, and 405 is described in words. */
  type OtherKind = "UNSUPPORTED_MEDIA_TYPE" | "METHOD_NOT_ALLOWED" | "ORIGIN_NOT_ALLOWED";
  /** The compiler demands every other kind of failure. */
  const KINDS: Readonly<Record<Exclude<FailureKind, OtherKind>, string>> = {
    INVALID_INPUT: "BadRequest",
    UNAUTHENTICATED: "Unauthorized",
    NOT_FOUND: "TaskNotFound",
    NOT_ACCEPTABLE: "NotAcceptable",
    REQUEST_TIMEOUT: "RequestTimeout",
    PAYLOAD_TOO_LARGE: "PayloadTooLarge",
    RATE_LIMITED: "RateLimited",
    HEADERS_TOO_LARGE: "HeadersTooLarge",
    INTERNAL: "InternalError",
    UNAVAILABLE: "Unavailable",
    TIMEOUT: "Timeout",
  };

  test("every kind of failure is described with its status and code", () => {
    const operation = openapi.paths["/api/v1/tasks/{id}/jobs"]?.get;
    for (const [kind, name] of Object.entries(KINDS)) {
      const { status, restCode } = new Failure(kind as FailureKind);
      expect([name, operation?.responses[status]?.$ref]).toEqual([name, `#/components/responses/${name}`]);
      const { content } = resolve(operation?.responses[status] ?? {});
      expect(content?.["application/json"]?.example).toMatchObject({ error: { code: restCode } });
    }
  });

  test("every example is a response that openapi.json allows", () => {
    for (const [path, { get }] of Object.entries(openapi.paths))
      for (const [status, reference] of Object.entries(get.responses)) {
        const { headers = {}, content = {} } = resolve(reference);
        const examples = Object.entries(headers).map(([name, one]) => [name.toLowerCase(), `${resolve(one).example}`]);
        for (const [type, { example }] of Object.entries(content)) {
          const text = typeof example === "string" ? example : JSON.stringify(example);
          const answer = { method: "GET", target: path, status: Number(status), text };
          expect(
            faultsOfAnswer({ ...answer, headers: { ...Object.fromEntries(examples), "content-type": type } }),
          ).toEqual([]);
        }
      }
  });
});

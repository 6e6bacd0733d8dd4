import { type Request, type RequestHandler, type Response, Router } from "express";
import type { Audit, AuditedRequest } from "../auth/audit.ts";
import type { Authenticate } from "../auth/authenticate.ts";
import { Failure } from "../errors.ts";
import type { BeginReads } from "../http/consistency.ts";
import { onlyMethods } from "../http/error-handler.ts";
import { acceptedType, type OfferedType } from "../http/request/accepted-type.ts";
import { type KnownParameters, RestParameters } from "../http/request/rest-parameters.ts";
import { FILTER_SPELLINGS, LIST_PARAMETERS, readFilterParameters } from "../job-search/job-filter.ts";
import { createBackpressureWriter, ReaderGone, type ReaderLimits } from "./backpressure.ts";
import type { JobExportQueries } from "./export.queries.ts";
import { readFields } from "./export-fields.ts";
import {
  DOWNLOAD_FORMATS,
  EXPORT_FORMATS,
  type ExportFormat,
  exportJobs,
  type JobExportRequest,
} from "./export-jobs.ts";
import { TooManyExports } from "./export-slots.ts";

/** A slow client holds a snapshot and one of few slots, so it must read at least as fast as a poor mobile connection. */
const READER_LIMITS: ReaderLimits = { maxStallMs: 120_000, minBytesPerSecond: 16 * 1024 };
/** Keeps the socket timeout longer than the limits of the export itself, so that those limits end a slow export. */
const SOCKET_TIMEOUT_MARGIN_MS = 10_000;

export const EXPORT_PARAMETERS: KnownParameters = {
  strict: ["format", "fields", "bom", ...FILTER_SPELLINGS],
  lists: new Set(["fields", ...LIST_PARAMETERS]),
};

/** Documented: `task_id` overrides the id in the path. */
export const DOWNLOAD_PARAMETERS: KnownParameters = {
  ...EXPORT_PARAMETERS,
  strict: ["task_id", ...(EXPORT_PARAMETERS.strict ?? [])],
};

const FORMATS = [
  { format: "ndjson", type: "application/x-ndjson", parameters: { charset: "utf-8" } },
  { format: "csv", type: "text/csv", parameters: { charset: "utf-8", header: "present" } },
] as const satisfies readonly (OfferedType & { readonly format: ExportFormat })[];
const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
  txt: "text/plain; charset=utf-8",
};

export interface JobExportRouteOptions {
  readonly authenticate: Authenticate;
  readonly exports: JobExportQueries;
  /** Undefined without replicas. */
  readonly beginReads: BeginReads | undefined;
  readonly createAudit: (request: AuditedRequest) => Audit;
  readonly readerLimits: Partial<ReaderLimits> | undefined;
}

/** Sends the status before it reads the first job. A later error breaks the connection, so that the file is incomplete. */
export function jobExportRoutes(options: JobExportRouteOptions): Router {
  const { authenticate, exports, beginReads, createAudit } = options;
  const readerLimits = { ...READER_LIMITS, ...options.readerLimits };

  const serveFile =
    (readRequest: (request: Request) => FileRequest): RequestHandler =>
    async (request, response) => {
      const { deadline, requestId } = response.locals;
      const disconnect = new AbortController();
      // Listen before the first `await`, because `close` is emitted only once, possibly while the API key is looked up.
      response.on("close", () => disconnect.abort());
      const viewer = await authenticate(request, deadline);
      beginReads?.(request, response);
      extendSocketTimeout(response, readerLimits.maxStallMs + SOCKET_TIMEOUT_MARGIN_MS);
      const audit = createAudit({ requestId, viewer, response });
      const exportRequest = { viewer, signal: disconnect.signal, deadline, audit, ...readRequest(request) };
      try {
        await exportJobs(exports, exportRequest, async ({ chunks }) => {
          setFileHeaders(response, exportRequest);
          if (request.method === "HEAD") return;
          if (request.httpVersion === "1.0") resetIfIncomplete(response);
          response.flushHeaders();
          const write = createBackpressureWriter(response, readerLimits);
          for await (const { text } of chunks()) await write(text);
        });
        response.end();
      } catch (error) {
        if (error instanceof TooManyExports) response.locals.exceededLimit = "exports";
        if (!disconnect.signal.aborted && !(error instanceof ReaderGone)) throw error;
        response.destroy();
      }
    };

  const router = Router();
  const readOnly = onlyMethods("GET", "HEAD");
  router.all("/api/v1/tasks/:id/jobs/export", readOnly, serveFile(readExportRequest));
  router.all("/api/v1/tasks/:id/download", readOnly, serveFile(readDownloadRequest));
  return router;
}

function extendSocketTimeout(response: Response, ms: number): void {
  const { socket } = response.req;
  const { timeout = 0 } = socket;
  socket.setTimeout(ms);
  // Restore the timeout before the listener of Node sets the keep-alive timeout.
  response.prependOnceListener("finish", () => socket.setTimeout(timeout));
}

/**
 * A body of HTTP/1.0 ends with its connection, so that only a reset shows that it is incomplete. nginx sends HTTP/1.0 by
 * default. The shutdown and the limits of connections destroy the socket, so this function replaces its method.
 */
function resetIfIncomplete(response: Response): void {
  const { socket } = response.req;
  const restore = () => Reflect.deleteProperty(socket, "destroy");
  socket.destroy = () => {
    restore();
    socket.resetAndDestroy();
    return socket;
  };
  // Restore the method before the listener of Node ends the connection.
  response.prependOnceListener("finish", restore);
}

function setFileHeaders(response: Response, { taskId, format }: JobExportRequest): void {
  response.setHeader("Content-Type", CONTENT_TYPES[format]);
  response.setHeader("Content-Disposition", `attachment; filename="task-${taskId}-jobs.${format}"`);
}

type FileRequest = Pick<JobExportRequest, "taskId" | "filter" | "format" | "fields" | "hasBom">;

function readExportRequest(request: Request): FileRequest {
  const parameters = new RestParameters(request.url, EXPORT_PARAMETERS);
  const format = readFormat(request, parameters);
  const taskId = parameters.uuid("id", String(request.params.id));
  return readSelection(parameters, { taskId, format });
}

/** The same file under the path and with the parameters of the documented service, which ignores `Accept`. */
function readDownloadRequest(request: Request): FileRequest {
  const parameters = new RestParameters(request.url, DOWNLOAD_PARAMETERS);
  const format = parameters.oneOf("format", DOWNLOAD_FORMATS) ?? "csv";
  const ofPath = parameters.uuid("id", String(request.params.id));
  const given = parameters.single("task_id");
  const taskId = given === null ? ofPath : parameters.uuid("task_id", given);
  return readSelection(parameters, { taskId, format });
}

/** Reports all wrong parameters in one error. */
function readSelection(parameters: RestParameters, target: Pick<FileRequest, "taskId" | "format">): FileRequest {
  const { filter, faults } = readFilterParameters(parameters.query);
  const fields = readFields(parameters.query.getAll("fields"));
  const hasBom = parameters.oneOf("bom", ["0", "1"]) === "1";
  if (hasBom && target.format === "ndjson") {
    parameters.faults.push({
      field: "bom",
      reason: "must not be 1 with the format ndjson, because JSON has no byte order mark",
    });
  }
  parameters.faults.push(...faults, ...fields.faults);
  parameters.check();
  return { ...target, filter, fields: fields.fields, hasBom };
}

/** The `format` parameter takes precedence over the Accept header, because a link can contain only the parameter. */
function readFormat(request: Request, { query, faults }: RestParameters): ExportFormat {
  const values = query.getAll("format");
  if (values.length > 0) {
    const format = EXPORT_FORMATS.find((known) => values.length === 1 && known === values[0]);
    if (format === undefined) faults.push({ field: "format", reason: `must be one of ${EXPORT_FORMATS.join(", ")}` });
    return format ?? "ndjson";
  }
  const accepted = acceptedType(request.headers.accept, FORMATS);
  if (accepted !== null) return accepted.format;
  throw new Failure("NOT_ACCEPTABLE", {
    message: `This path can only respond with ${FORMATS.map(({ type }) => type).join(" or ")}`,
  });
}

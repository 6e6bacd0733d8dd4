import { type Request, type Response, Router } from "express";
import type { Audit, AuditedRequest } from "../auth/audit.ts";
import type { Authenticate } from "../auth/authenticate.ts";
import { Failure } from "../errors.ts";
import { onlyMethods } from "../http/error-handler.ts";
import { acceptedType, type OfferedType } from "../http/request/accepted-type.ts";
import { type KnownParameters, RestParameters } from "../http/request/rest-parameters.ts";
import { FILTER_SPELLINGS, LIST_PARAMETERS, readFilterParameters } from "../job-search/job-filter.params.ts";
import type { JobExportQueries } from "./export.queries.ts";
import { readFields } from "./export-fields.ts";
import { EXPORT_FORMATS, type ExportFormat, exportJobs, type JobExportRequest } from "./export-jobs.ts";
import { openPacedOutput, ReaderGone, type ReaderLimits } from "./paced-output.ts";

/** A slow client holds a snapshot and one of few slots, so it must read at least as fast as a phone on a bad connection. */
const READER_LIMITS: ReaderLimits = { maxStallMs: 120_000, minBytesPerSecond: 16 * 1024 };
/** Beyond it, and beyond the longest batch: an export is ended by its own rules, not as a silent connection. */
const SILENCE_MARGIN_MS = 10_000;

const PARAMETERS: KnownParameters = { strict: ["format", "fields", ...FILTER_SPELLINGS], lists: LIST_PARAMETERS };

const FORMATS = [
  { format: "ndjson", type: "application/x-ndjson", parameters: { charset: "utf-8" } },
  { format: "csv", type: "text/csv", parameters: { charset: "utf-8", header: "present" } },
] as const satisfies readonly (OfferedType & { readonly format: ExportFormat })[];
const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: "application/x-ndjson; charset=utf-8",
  csv: "text/csv; charset=utf-8; header=present",
};

export interface JobExportRouteOptions {
  readonly authenticate: Authenticate;
  readonly exports: JobExportQueries;
  readonly openAudit: (request: AuditedRequest) => Audit;
  readonly readerLimits: Partial<ReaderLimits> | undefined;
}

/** All jobs as a file. The status is sent before the first is looked for; what fails later breaks the connection. */
export function jobExportRoutes(options: JobExportRouteOptions): Router {
  const { authenticate, exports, openAudit } = options;
  const readerLimits = { ...READER_LIMITS, ...options.readerLimits };
  const router = Router();
  router.all("/api/v1/tasks/:id/jobs/export", onlyMethods("GET", "HEAD"), async (request, response) => {
    const { deadline, requestId } = response.locals;
    const gone = new AbortController();
    // Listen before the first `await`, because `close` is emitted only once, possibly while the API key is looked up.
    response.on("close", () => gone.abort());
    const viewer = await authenticate(request, deadline);
    endWhenSilentFor(response, readerLimits.maxStallMs + SILENCE_MARGIN_MS);
    const audit = openAudit({ requestId, viewer, response });
    const asked = { viewer, signal: gone.signal, deadline, audit, ...readRequest(request) };
    try {
      await exportJobs(exports, asked, async ({ chunks }) => {
        describe(response, asked);
        if (request.method === "HEAD") return;
        response.flushHeaders();
        const write = openPacedOutput(response, readerLimits);
        for await (const { text } of chunks()) await write(text);
      });
      response.end();
    } catch (error) {
      if (!gone.signal.aborted && !(error instanceof ReaderGone)) throw error;
      response.destroy();
    }
  });
  return router;
}

function endWhenSilentFor(response: Response, ms: number): void {
  const { socket } = response.req;
  const { timeout = 0 } = socket;
  socket.setTimeout(ms);
  // Before Node's listener, which gives a connection that is kept alive its own time.
  response.prependOnceListener("finish", () => socket.setTimeout(timeout));
}

function describe(response: Response, { taskId, format }: JobExportRequest): void {
  response.setHeader("Content-Type", CONTENT_TYPES[format]);
  response.setHeader("Content-Disposition", `attachment; filename="task-${taskId}-jobs.${format}"`);
}

/** Names every wrong field at once. */
function readRequest(request: Request): Pick<JobExportRequest, "taskId" | "filter" | "format" | "fields"> {
  const parameters = new RestParameters(request.url, PARAMETERS);
  const format = readFormat(request, parameters);
  const taskId = parameters.uuid("id", String(request.params.id));
  const { filter, faults } = readFilterParameters(parameters.query);
  const fields = readFields(parameters.query.getAll("fields"));
  parameters.faults.push(...faults, ...fields.faults);
  parameters.check();
  return { taskId, filter, format, fields: fields.fields };
}

/** The parameter goes before the header: it is what a link can carry. */
function readFormat(request: Request, { query, faults }: RestParameters): ExportFormat {
  const asked = query.getAll("format");
  if (asked.length > 0) {
    const format = EXPORT_FORMATS.find((known) => asked.length === 1 && known === asked[0]);
    if (format === undefined) faults.push({ field: "format", reason: `must be one of ${EXPORT_FORMATS.join(", ")}` });
    return format ?? "ndjson";
  }
  const accepted = acceptedType(request.headers.accept, FORMATS);
  if (accepted !== null) return accepted.format;
  throw new Failure("NOT_ACCEPTABLE", {
    message: `This path answers ${FORMATS.map(({ type }) => type).join(" and ")} only`,
  });
}

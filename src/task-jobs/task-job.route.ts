import { readFileSync } from "node:fs";
import { type Response, Router } from "express";
import type { Authenticate } from "../auth/authenticate.ts";
import { Failure, type FieldFault, failureKindOfGraphqlCode } from "../errors.ts";
import type { GraphqlServer } from "../graphql/server.ts";
import { entityTagOf, isKnownTag } from "../http/entity-tag.ts";
import { onlyMethods } from "../http/error-handler.ts";
import { DEFAULT_LIMIT, DEFAULT_OFFSET, LIMIT_RULE, MAX_LIMIT, MAX_OFFSET, OFFSET_RULE, type Page } from "../page.ts";
import type { Asked, RequestContext } from "../request-context.ts";
import { isUuid, UUID_RULE } from "../uuid.ts";
import { linkHeader } from "./page-links.ts";

const DOCUMENT = readFileSync(new URL("./task-job.rest.graphql", import.meta.url), "utf8");

const MEDIA_TYPE = "application/json";

interface RestTaskJobs {
  taskJobs: { jobs: { status: string; email?: object | null }[]; count: number };
}

export interface TaskJobRouteOptions {
  readonly graphql: GraphqlServer;
  readonly authenticate: Authenticate;
  readonly openContext: (asked: Asked) => RequestContext;
}

/** The documented endpoint: the URL becomes variables of a stored query, whose answer already has the old shape. */
export function taskJobRoutes({ graphql, authenticate, openContext }: TaskJobRouteOptions): Router {
  const router = Router();
  router.all("/api/v1/tasks/:id/jobs", onlyMethods("GET", "HEAD"), async (request, response) => {
    const { requestId, deadline } = response.locals;
    const viewer = await authenticate(request, deadline);
    if (!request.accepts(MEDIA_TYPE)) throw new Failure("NOT_ACCEPTABLE");
    const { id, ...page } = readParameters(String(request.params.id), request.url);

    const context = openContext({ viewer, requestId, deadline });
    const answer = await executeStored<RestTaskJobs>(graphql, context, { id, ...page });
    answerPage(response, id, page, answer);
  });
  return router;
}

/** Names every wrong field at once. */
function readParameters(id: string, url: string): Page & { id: string } {
  // Not by way of URL: a target may name an authority that is none, `http://a:99999/…`, and URL throws.
  const query = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1]);
  const faults: FieldFault[] = [];
  if (!isUuid(id)) faults.push({ field: "id", reason: UUID_RULE });

  const integer = (field: string, fallback: number, min: number, max: number, reason: string): number => {
    const values = query.getAll(field);
    if (values.length === 0) return fallback;
    const value = values.length === 1 && /^[0-9]+$/.test(values[0] ?? "") ? Number(values[0]) : Number.NaN;
    if (value >= min && value <= max) return value;
    faults.push({ field, reason });
    return fallback;
  };
  const limit = integer("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, LIMIT_RULE);
  const offset = integer("offset", DEFAULT_OFFSET, 0, MAX_OFFSET, OFFSET_RULE);

  if (faults.length > 0) throw Failure.ofFields(faults);
  return { id: id.toLowerCase(), limit, offset };
}

async function executeStored<Data>(graphql: GraphqlServer, context: RequestContext, variables: object): Promise<Data> {
  const { body } = await graphql.executeOperation(
    { query: DOCUMENT, variables: { ...variables } },
    { contextValue: context },
  );
  if (body.kind !== "single") throw new Error("an incremental answer to a stored document");
  const { data, errors } = body.singleResult;
  const [error] = errors ?? [];
  if (error !== undefined)
    throw new Failure(failureKindOfGraphqlCode(error.extensions?.code), { message: error.message });
  return data as Data;
}

function answerPage(response: Response, id: string, page: Page, { taskJobs }: RestTaskJobs): void {
  for (const job of taskJobs.jobs) {
    job.status = job.status.toLowerCase();
    // Undefined is left out of the JSON: a job without a record has no `email` key.
    if (job.email === null) job.email = undefined as unknown as object;
  }
  const body = JSON.stringify(taskJobs);
  const entityTag = entityTagOf(body);
  response.setHeader("ETag", entityTag);
  response.setHeader("Link", linkHeader(id, page, taskJobs.count));
  if (isKnownTag(entityTag, response.req.headers["if-none-match"])) {
    response.status(304).end();
    return;
  }
  response.setHeader("Content-Type", `${MEDIA_TYPE}; charset=utf-8`);
  response.end(body);
}

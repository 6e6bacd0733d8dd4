import { Router } from "express";
import { onlyMethods } from "../http/error-handler.ts";
import { type KnownParameters, RestParameters } from "../http/request/rest-parameters.ts";
import { pageLinks } from "../http/response/link-header.ts";
import {
  executeStored,
  type RestApi,
  type StoredConnection,
  sendJson,
  setNextLink,
  startRestRequest,
  storedDocument,
} from "../http/rest-endpoint.ts";
import { FILTER_SPELLINGS, type JobFilter, LIST_PARAMETERS, readFilterParameters } from "../job-search/job-filter.ts";
import { JOB_ORDERS, orderOfSort, SORT_WORDS } from "../job-search/job-order.ts";
import { jobCursorScope } from "../job-search/list-job-connection.ts";
import { isEmptyFilter } from "../paging/filter.ts";

/** A record that cannot be represented costs its job the email and does not fail the page. */
export const emailMayFail = (path: readonly (string | number)[]) => path.includes("email");
const PAGE = storedDocument(import.meta.url, ["./task-job.rest.graphql", "./job-fields.rest.graphql"], emailMayFail);
const WALK = storedDocument(import.meta.url, ["./job-walk.rest.graphql", "./job-fields.rest.graphql"], emailMayFail);

/** The parameters that the links to other pages repeat. */
const KEPT = ["sort", ...FILTER_SPELLINGS];
export const JOB_PAGE_PARAMETERS: KnownParameters = {
  lenient: ["limit", "offset"],
  strict: ["after", ...KEPT],
  lists: LIST_PARAMETERS,
};

export interface StoredJob {
  email?: object | null | undefined;
}

interface StoredPage {
  readonly taskJobs: { readonly jobs: readonly StoredJob[]; readonly count: number };
}

interface StoredWalk {
  readonly task: { readonly jobs: StoredConnection<StoredJob> };
}

/** The documented endpoint. The URL becomes the variables of a stored query, whose aliases are the documented JSON. */
export function taskJobRoutes(api: RestApi): Router {
  const router = Router();
  router.all("/api/v1/tasks/:id/jobs", onlyMethods("GET", "HEAD"), async (request, response) => {
    const context = await startRestRequest(api, request, response);
    const parameters = new RestParameters(request.url, JOB_PAGE_PARAMETERS);
    const taskId = parameters.uuid("id", String(request.params.id));
    const page = parameters.page();
    const { filter, faults } = readFilterParameters(parameters.query);
    const orderBy = orderOfSort(parameters.oneOf("sort", SORT_WORDS));
    const after = parameters.after(jobCursorScope({ taskId, order: JOB_ORDERS[orderBy], filter }));
    parameters.faults.push(...faults);
    parameters.check();

    const variables = { id: taskId, ...page, filter: toGraphqlFilter(filter), orderBy };
    const path = `${response.locals.pathPrefix}/api/v1/tasks/${taskId}/jobs`;
    const linkTarget = { path, query: parameters.query, kept: KEPT };
    if (after === null) {
      const { taskJobs } = await executeStored<StoredPage>(api, { context, document: PAGE, variables });
      const links = pageLinks(linkTarget, page, taskJobs.count);
      if (links !== "") response.setHeader("Link", links);
      return sendJson(response, { ...taskJobs, jobs: taskJobs.jobs.map(toDocumentedShape) });
    }
    const { task } = await executeStored<StoredWalk>(api, {
      context,
      document: WALK,
      variables: { ...variables, after: after || null },
    });
    const { nodes, totalCount } = task.jobs;
    setNextLink(response, linkTarget, task.jobs);
    sendJson(response, { jobs: nodes.map(toDocumentedShape), count: totalCount, ...page });
  });
  return router;
}

/** The stored query takes statuses as names of its enum. */
export function toGraphqlFilter(filter: JobFilter): object | null {
  if (isEmptyFilter(filter)) return null;
  return { ...filter, status: filter.status?.map((status) => status.toUpperCase()) ?? null };
}

/** Omits `email` from jobs without an email. The object is changed in place, because a page has up to 100 jobs. */
export function toDocumentedShape(job: StoredJob): StoredJob {
  if (job.email === null) job.email = undefined;
  return job;
}

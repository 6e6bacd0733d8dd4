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
import { FILTER_SPELLINGS, LIST_PARAMETERS, readFilterParameters } from "../job-search/job-filter.params.ts";
import type { JobFilter } from "../job-search/job-filter.ts";
import { jobCursorScope } from "../job-search/list-job-connection.ts";

/** An email that cannot be read costs its job the email, not the caller the page. */
const emailMayFail = (path: readonly (string | number)[]) => path.includes("email");
const PAGE = storedDocument(import.meta.url, ["./task-job.rest.graphql", "./job-fields.rest.graphql"], emailMayFail);
const WALK = storedDocument(import.meta.url, ["./job-walk.rest.graphql", "./job-fields.rest.graphql"], emailMayFail);

const PARAMETERS: KnownParameters = {
  lenient: ["limit", "offset"],
  strict: ["after", ...FILTER_SPELLINGS],
  lists: LIST_PARAMETERS,
};

interface StoredJob {
  email?: object | null | undefined;
}

interface StoredPage {
  readonly taskJobs: { readonly jobs: readonly StoredJob[]; readonly count: number };
}

interface StoredWalk {
  readonly task: { readonly jobs: StoredConnection<StoredJob> };
}

/** The documented endpoint: the URL becomes variables of a stored query, whose answer already has the old shape. */
export function taskJobRoutes(api: RestApi): Router {
  const router = Router();
  router.all("/api/v1/tasks/:id/jobs", onlyMethods("GET", "HEAD"), async (request, response) => {
    const context = await startRestRequest(api, request, response);
    const parameters = new RestParameters(request.url, PARAMETERS);
    const taskId = parameters.uuid("id", String(request.params.id));
    const page = parameters.page();
    const { filter: inOldWords, faults } = readFilterParameters(parameters.query);
    const after = parameters.after(jobCursorScope({ taskId, order: "created_desc", filter: inOldWords }));
    parameters.faults.push(...faults);
    parameters.check();
    const filter = inEnumNames(inOldWords);
    const linked = {
      path: `${response.locals.pathPrefix}/api/v1/tasks/${taskId}/jobs`,
      query: parameters.query,
      kept: FILTER_SPELLINGS,
    };

    if (after === null) {
      const { taskJobs } = await executeStored<StoredPage>(api, {
        context,
        document: PAGE,
        variables: { id: taskId, ...page, filter },
      });
      const links = pageLinks(linked, page, taskJobs.count);
      if (links !== "") response.setHeader("Link", links);
      return sendJson(response, { ...taskJobs, jobs: taskJobs.jobs.map(inOldShape) });
    }
    const variables = { id: taskId, limit: page.limit, after: after || null, filter };
    const { task } = await executeStored<StoredWalk>(api, { context, document: WALK, variables });
    const { nodes, totalCount } = task.jobs;
    setNextLink(response, linked, task.jobs);
    sendJson(response, { jobs: nodes.map(inOldShape), count: totalCount, ...page });
  });
  return router;
}

/** The stored query takes the states by the names of its enum. */
function inEnumNames(filter: JobFilter): object {
  return { ...filter, status: filter.status?.map((status) => status.toUpperCase()) ?? null };
}

/** Removes the `email` key of jobs without an email, in place because a page has up to a hundred jobs. */
function inOldShape(job: StoredJob): StoredJob {
  if (job.email === null) job.email = undefined;
  return job;
}

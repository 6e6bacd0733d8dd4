import { Router } from "express";
import type { RequestContext } from "../context.ts";
import { onlyMethods } from "../http/error-handler.ts";
import { type KnownParameters, RestParameters } from "../http/request/rest-parameters.ts";
import {
  executeStored,
  type RestApi,
  type StoredConnection,
  sendJson,
  setNextLink,
  startRestRequest,
  storedDocument,
} from "../http/rest-endpoint.ts";
import { waitForChange, waitPreferenceOf } from "../http/stream/wait-for-change.ts";
import { spellingsOf } from "../paging/parameter-names.ts";
import { taskCursorScope } from "./list-tasks.ts";
import { type StoredMetrics, toDocumentedMetrics } from "./progress/documented-metrics.ts";
import type { TaskFilter } from "./task.queries.ts";

const TASK_FIELDS = ["./task-fields.rest.graphql", "./progress/metrics-fields.rest.graphql"];
const TASK = storedDocument(import.meta.url, ["./task.rest.graphql", ...TASK_FIELDS]);
const TASKS = storedDocument(import.meta.url, ["./tasks.rest.graphql", ...TASK_FIELDS]);

const FILTER_SPELLINGS = ["user_id", ...spellingsOf("created_from"), ...spellingsOf("created_to")];
export const TASK_PAGE_PARAMETERS: KnownParameters = { strict: ["limit", "offset", "after", ...FILTER_SPELLINGS] };

interface StoredTask {
  readonly metrics: StoredMetrics;
}

/** The documented endpoints of one task and of a list of tasks. Both include the metrics of each task. */
export function taskRoutes(api: RestApi): Router {
  const router = Router();
  const readOnly = onlyMethods("GET", "HEAD");

  router.all("/api/v1/tasks/:id", readOnly, async (request, response) => {
    const context = await startRestRequest(api, request, response);
    const parameters = new RestParameters(request.url, {});
    const id = parameters.uuid("id", String(request.params.id));
    parameters.check();
    const read = async (context: RequestContext) => {
      const { task } = await executeStored<{ task: StoredTask }>(api, { context, document: TASK, variables: { id } });
      return withMetrics(task);
    };
    const waitSeconds = waitPreferenceOf(request);
    response.vary("Prefer");
    if (waitSeconds === null) return sendJson(response, await read(context));
    response.setHeader("Preference-Applied", `wait=${waitSeconds}`);
    sendJson(response, await waitForChange(api, { context, response, taskId: id, waitSeconds, read }));
  });

  router.all("/api/v1/tasks", readOnly, async (request, response) => {
    const context = await startRestRequest(api, request, response);
    const parameters = new RestParameters(request.url, TASK_PAGE_PARAMETERS);
    const page = parameters.page();
    const filter = filterOf(parameters);
    const after = parameters.after(taskCursorScope(filter));
    parameters.check();
    const variables = { ...page, after: after || null, filter };
    const { tasks } = await executeStored<{ tasks: StoredConnection<StoredTask> }>(api, {
      context,
      document: TASKS,
      variables,
    });
    // The link uses a cursor even after an offset, so that following the links returns each task exactly once.
    const linkTarget = {
      path: `${response.locals.pathPrefix}/api/v1/tasks`,
      query: parameters.query,
      kept: FILTER_SPELLINGS,
    };
    setNextLink(response, linkTarget, tasks);
    sendJson(response, { tasks: tasks.nodes.map(withMetrics), count: tasks.totalCount, ...page });
  });
  return router;
}

function filterOf(parameters: RestParameters): TaskFilter {
  const userId = parameters.single("user_id");
  return {
    userId: userId === null ? null : parameters.uuid("user_id", userId),
    createdFrom: parameters.moment("created_from"),
    createdTo: parameters.moment("created_to"),
  };
}

function withMetrics(task: StoredTask): object {
  return { ...task, metrics: toDocumentedMetrics(task.metrics) };
}

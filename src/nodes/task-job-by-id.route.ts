import { Router } from "express";
import { onlyMethods } from "../http/error-handler.ts";
import { RestParameters } from "../http/request/rest-parameters.ts";
import { executeStored, type RestApi, sendJson, startRestRequest, storedDocument } from "../http/rest-endpoint.ts";
import { emailMayFail, type StoredJob, toDocumentedShape } from "../task-jobs/task-job.route.ts";

const FILES = ["./task-job-by-id.rest.graphql", "../task-jobs/job-fields.rest.graphql"];
const JOB = storedDocument(import.meta.url, FILES, emailMayFail);

/** One job in the shape that the documented page has for it. */
export function taskJobByIdRoutes(api: RestApi): Router {
  const router = Router();
  router.all("/api/v1/tasks/:id/jobs/:job_id", onlyMethods("GET", "HEAD"), async (request, response) => {
    const context = await startRestRequest(api, request, response);
    const parameters = new RestParameters(request.url, {});
    const taskId = parameters.uuid("id", String(request.params.id));
    const id = parameters.uuid("job_id", String(request.params.job_id));
    parameters.check();
    const variables = { taskId, id };
    const { taskJob } = await executeStored<{ taskJob: StoredJob }>(api, { context, document: JOB, variables });
    sendJson(response, toDocumentedShape(taskJob));
  });
  return router;
}

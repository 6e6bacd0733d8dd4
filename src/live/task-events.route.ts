import { type Request, type Response, Router } from "express";
import { Failure } from "../errors.ts";
import { EVENT_STREAM } from "../graphql/media-types.ts";
import { onlyMethods } from "../http/error-handler.ts";
import { acceptedType } from "../http/request/accepted-type.ts";
import { type KnownParameters, RestParameters } from "../http/request/rest-parameters.ts";
import { failureBody } from "../http/response/error-response.ts";
import { dataOf, type RestApi, storedDocument } from "../http/rest-endpoint.ts";
import { type EventStream, startEventStream } from "../http/stream/event-stream.ts";
import type { Operation } from "../http/stream/subscriptions.ts";
import { FILTER_SPELLINGS, LIST_PARAMETERS, readFilterParameters } from "../job-search/job-filter.ts";
import { CURSOR_RULE } from "../paging/cursor.ts";
import { emailMayFail, type StoredJob, toDocumentedShape, toGraphqlFilter } from "../task-jobs/task-job.route.ts";
import { type StoredMetrics, toDocumentedMetrics } from "../tasks/progress/documented-metrics.ts";
import { stateOfCursor } from "./change-cursor.ts";
import type { LiveEvents } from "./live-event.ts";

const PROGRESS = storedDocument(import.meta.url, [
  "./task-progress-events.rest.graphql",
  "../tasks/progress/metrics-fields.rest.graphql",
]);
const JOBS = storedDocument(
  import.meta.url,
  ["./task-job-events.rest.graphql", "../task-jobs/job-fields.rest.graphql"],
  emailMayFail,
);

export const EVENT_PARAMETERS: KnownParameters = { strict: ["after", ...FILTER_SPELLINGS], lists: LIST_PARAMETERS };

interface StoredProgress {
  readonly taskProgress: StoredMetrics;
}

interface StoredChanges {
  readonly taskJobChanges: { readonly edges: readonly { readonly cursor: string; readonly node: StoredJob }[] };
}

/** Sends the progress and the changed jobs of a task as server-sent events, until the task is complete. */
export function taskEventRoutes(api: RestApi): Router {
  const { streams, subscriptions } = api.live;
  const router = Router();
  router.all("/api/v1/tasks/:id/events", onlyMethods("GET", "HEAD"), async (request, response) => {
    const { requestId, deadline } = response.locals;
    const viewer = await api.authenticate(request, deadline);
    if (acceptedType(request.headers.accept, [{ type: EVENT_STREAM }]) === null)
      throw new Failure("NOT_ACCEPTABLE", { message: `This path can only respond with ${EVENT_STREAM}` });
    api.beginReads?.(request, response);
    const variables = readVariables(request);
    const signal = streams.open({ request, response, viewer });
    response.locals.isStream = true;
    const details = { viewer, requestId, deadline, response };
    const start = async ({ query }: Operation): Promise<{ operation: Operation; events: LiveEvents }> => {
      const operation = { query, variables };
      const { result, events } = await subscriptions.start(operation, details, signal);
      if (events === null) return dataOf(result, () => false);
      return { operation, events };
    };
    const progress = await start(PROGRESS);
    const jobs = await start(JOBS);
    const close = () => void Promise.all([progress.events.return?.(), jobs.events.return?.()]);
    if (request.method === "HEAD") {
      close();
      response.setHeader("Content-Type", EVENT_STREAM);
      response.end();
      return;
    }

    const stream = startEventStream(response);
    const subscriber = { viewer, requestId, signal };
    const deliverProgress = subscriptions.deliver(progress, subscriber, async ({ result }) => {
      const { taskProgress } = dataOf<StoredProgress>(result, PROGRESS.mayFailAlone);
      await stream.send({ event: "progress", data: JSON.stringify(toDocumentedMetrics(taskProgress)) });
    });
    const deliverJobs = subscriptions.deliver(jobs, subscriber, async ({ result }) => {
      const { taskJobChanges } = dataOf<StoredChanges>(result, JOBS.mayFailAlone);
      for (const { cursor, node } of taskJobChanges.edges)
        await stream.send({ event: "job", id: cursor, data: JSON.stringify(toDocumentedShape(node)) });
    });
    // The jobs that the last progress has counted are sent before the end.
    const deliver = async () =>
      void (await Promise.all([deliverProgress.then(() => jobs.events.drain()), deliverJobs]).finally(close));
    await stream.finishAfter(deliver, (failure) => sendFailure(stream, failure, response));
  });
  return router;
}

async function sendFailure(stream: EventStream, failure: Failure, { req }: Response): Promise<void> {
  const { body } = failureBody(failure, { url: req.url, accept: undefined });
  await stream.send({ event: "failure", data: body });
}

/** A client that reconnects sends the id of the last event in a header. `after` is for clients that cannot set it. */
function readVariables(request: Request) {
  const parameters = new RestParameters(request.url, EVENT_PARAMETERS);
  const id = parameters.uuid("id", String(request.params.id));
  const { filter, faults } = readFilterParameters(parameters.query);
  parameters.faults.push(...faults);
  const header = request.headers["last-event-id"];
  const [field, given] = header ? ["Last-Event-ID", String(header)] : ["after", parameters.single("after")];
  const after = given === "" ? null : given;
  if (after !== null && stateOfCursor({ taskId: id, filter }, after) === null)
    parameters.faults.push({ field, reason: CURSOR_RULE });
  parameters.check();
  return { id, after, filter: toGraphqlFilter(filter) };
}

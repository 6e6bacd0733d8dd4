import { type Request, type Response, Router } from "express";
import { Failure } from "../errors.ts";
import { EVENT_STREAM } from "../graphql/media-types.ts";
import { onlyMethods } from "../http/error-handler.ts";
import { acceptedType } from "../http/request/accepted-type.ts";
import { type KnownParameters, RestParameters } from "../http/request/rest-parameters.ts";
import { failureBody } from "../http/response/error-response.ts";
import { dataOf, type RestApi, type StoredDocument, storedDocument } from "../http/rest-endpoint.ts";
import type { Subscriber } from "../http/stream/event-readings.ts";
import { type EventStream, startEventStream } from "../http/stream/event-stream.ts";
import type { Stream } from "../http/stream/subscriptions.ts";
import { FILTER_SPELLINGS, LIST_PARAMETERS, readFilterParameters } from "../job-search/job-filter.ts";
import { CURSOR_RULE } from "../paging/cursor.ts";
import { emailMayFail, type StoredJob, toDocumentedShape, toGraphqlFilter } from "../task-jobs/task-job.route.ts";
import { type StoredMetrics, toDocumentedMetrics } from "../tasks/progress/documented-metrics.ts";
import { stateOfCursor } from "./change-cursor.ts";

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
    const signal = streams.open({ kind: "events", request, response, viewer });
    response.locals.isStream = true;
    const details = { viewer, requestId, deadline, response };
    const start = async ({ query }: StoredDocument): Promise<Stream> => {
      const { result, stream } = await subscriptions.start({ query, variables }, details, () => signal);
      return stream ?? dataOf(result, () => false);
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

    const output = startEventStream(response);
    const subscriber: Subscriber = { kind: "events", viewer, requestId };
    const deliverProgress = async () => {
      for await (const { result } of subscriptions.deliver(progress, subscriber)) {
        const { taskProgress } = dataOf<StoredProgress>(result, PROGRESS.mayFailAlone);
        await output.send({ event: "progress", data: JSON.stringify(toDocumentedMetrics(taskProgress)) });
      }
      // The jobs that the last progress has counted are sent before the end.
      jobs.events.drain();
    };
    const deliverJobs = async () => {
      for await (const { result } of subscriptions.deliver(jobs, subscriber)) {
        const { taskJobChanges } = dataOf<StoredChanges>(result, JOBS.mayFailAlone);
        for (const { cursor, node } of taskJobChanges.edges) {
          signal.throwIfAborted();
          await output.send({ event: "job", id: cursor, data: JSON.stringify(toDocumentedShape(node)) });
        }
      }
    };
    const deliver = async () => void (await Promise.all([deliverProgress(), deliverJobs()]).finally(close));
    await output.finishAfter(deliver, (failure) => sendFailure(output, failure, response));
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

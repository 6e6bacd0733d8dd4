import type { Request, Response } from "express";
import type { RequestContext } from "../../context.ts";
import { Failure } from "../../errors.ts";
import { deadlineIn, waitFor } from "../../values/deadline.ts";
import { entityTagOf, matchesEntityTag } from "../response/entity-tag.ts";
import type { RestApi } from "../rest-endpoint.ts";

/** Below the time limit of a silent connection (30 s), together with the last reading. */
const MAX_WAIT_S = 25;
const READ_TIMEOUT_MS = 4000;
/** How long the last reading may take after the end of the wait. */
const LAST_READING_MS = 2500;
const WAIT = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[;,]|$)/i;

/** The seconds of `Prefer: wait` (RFC 7240, section 4.3), or null if the request has no entity tag to wait for the end of. */
export function waitPreferenceOf({ headers }: Request): number | null {
  const [, seconds] = WAIT.exec(String(headers.prefer ?? "")) ?? [];
  if (seconds === undefined || headers["if-none-match"] === undefined) return null;
  return Math.min(MAX_WAIT_S, Number(seconds));
}

class TooLate extends Error {}

function nullIfTooLate(error: unknown): null {
  if (error instanceof TooLate) return null;
  throw error;
}

interface WaitRequest {
  readonly context: RequestContext;
  readonly response: Response;
  readonly taskId: string;
  readonly waitSeconds: number;
  readonly read: (context: RequestContext) => Promise<object>;
}

/** Returns the representation as soon as it differs from that of the request, or the unchanged one when the time is up. */
export async function waitForChange(api: RestApi, request: WaitRequest): Promise<object> {
  const { context, response, taskId, waitSeconds, read } = request;
  const { viewer, requestId } = context;
  const until = performance.now() + waitSeconds * 1000;
  const ifNoneMatch = response.req.headers["if-none-match"];
  const isUnchanged = (body: object) => matchesEntityTag(entityTagOf(JSON.stringify(body)), ifNoneMatch);
  // Watch before the first reading, so that no change lies between the two.
  const watch = context.watchTask(taskId);
  const readAfter = (moment: number, deadline = deadlineIn(READ_TIMEOUT_MS)) =>
    read(api.createContext({ viewer, requestId, deadline, response, readAfter: moment }));
  const close = () => watch.close();
  const timer = setTimeout(close, until - performance.now());
  try {
    let body = await readAfter(watch.latest().readAfter, context.deadline);
    if (!isUnchanged(body)) return body;
    // A request that waits must not keep others of its user waiting.
    response.locals.slot?.free();
    const signal = api.live.streams.open({ kind: "wait", request: response.req, response, viewer });
    response.locals.isStream = true;
    if (signal.aborted) close();
    signal.addEventListener("abort", close);
    while (isUnchanged(body)) {
      const change = await watch.next();
      // If the server stops or the client has left, the last representation is the response.
      if (signal.reason instanceof Failure) throw signal.reason;
      if (change === null) return body;
      const rights = viewer.isAdmin ? "admin" : viewer.userId;
      const key = `${rights} ${taskId} ${change.version}`;
      const reading = api.live.subscriptions.readTogether(key, viewer, () => readAfter(change.readAfter));
      // A reading waits for a slot. If that takes too long, the client gets 304 and asks again.
      const ms = until + LAST_READING_MS - performance.now();
      const changed = await waitFor(reading, { ms, timeoutError: () => new TooLate() }).catch(nullIfTooLate);
      if (changed === null) return body;
      body = changed;
    }
    return body;
  } finally {
    clearTimeout(timer);
    close();
  }
}

import type { FormattedExecutionResult, GraphQLFormattedError } from "graphql";
import type { Authenticate, Credentials } from "../../auth/authenticate.ts";
import { Failure } from "../../errors.ts";
import { extensionsOf } from "../../graphql/format-error.ts";
import type { GraphqlParameters, ResolveDocument } from "../../graphql/trusted/resolve-document.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { LimitedRequest, LimitedResponse } from "../../rate-limit/limited-request.ts";
import type { ChargeCost } from "../../rate-limit/rate-limit.middleware.ts";
import { createRefusalDelay } from "../../rate-limit/refusal-delay.ts";
import type { SocketLimits } from "../../rate-limit/request-limits.ts";
import { deadlineIn } from "../../values/deadline.ts";
import { refusalOf } from "../access-log.ts";
import { logDependencyFailure } from "../error-handler.ts";
import type { Operation, OperationRequest } from "../stream/event-readings.ts";
import { type OpenStreams, ServerStops } from "../stream/open-streams.ts";
import type { Subscriptions } from "../stream/subscriptions.ts";
import type { OperationResponse } from "./socket-credentials.ts";

/** The services that all operations use. */
export interface OperationApi {
  readonly streams: OpenStreams;
  readonly subscriptions: Subscriptions;
  /** Authenticates within the limits of requests. */
  readonly authenticate: Authenticate;
  /** Undefined without a rate limit, like `chargeCost`. */
  readonly limits: SocketLimits | undefined;
  readonly chargeCost: ChargeCost | undefined;
  readonly resolveDocument: ResolveDocument;
  readonly requestTimeoutMs: number;
  readonly metrics: Metrics | null;
  readonly log: Log;
}

/** The parts of a connection that its operations use. */
export interface OperationOwner {
  readonly credentials: Credentials;
  readonly ip: string | undefined;
  readonly closed: Promise<void>;
  /** The limit of operations of the connection if this operation exceeds it, and otherwise null. */
  readonly exceededMaxOperations: number | null;
  readonly isStopping: () => boolean;
  readonly beginStart: () => void;
  /** Called when a query has ended, or a subscription has begun. */
  readonly endStart: () => void;
  /** Called if the credential is no longer valid. */
  readonly rejectCredential: () => void;
}

interface SocketOperation {
  readonly operation: Operation;
  /** The operation with its extensions and the id of its document. */
  readonly parameters: GraphqlParameters;
  readonly owner: OperationOwner;
  readonly requestId: string;
  /** Closed when the client leaves the operation. */
  readonly response: OperationResponse;
}

interface OperationEnd {
  readonly failure: Failure | null;
  /** A time of `performance.now()`. */
  readonly startedAt: number;
  readonly hasLeft: boolean;
}

/** Ends an operation with errors instead of a result. */
export class OperationFailed extends Error {
  constructor(readonly errors: readonly GraphQLFormattedError[]) {
    super("The operation failed");
  }

  static of(failure: Failure): OperationFailed {
    return new OperationFailed([{ message: failure.message, extensions: extensionsOf(failure) }]);
  }
}

export type RunOperation = ReturnType<typeof createOperationRunner>;

/** Runs an operation of a connection like a request of its own: with its limits, log line and metrics. */
export function createOperationRunner(api: OperationApi) {
  const { streams, subscriptions, log } = api;
  const delayRefusal = createRefusalDelay();

  async function start({ operation, parameters, owner, requestId, response }: SocketOperation) {
    if (owner.exceededMaxOperations !== null) {
      response.locals.exceededLimit = "operations_of_connection";
      const message = `This connection already has ${owner.exceededMaxOperations} operations, which is the limit`;
      throw new Failure("RATE_LIMITED", { message });
    }
    const deadline = deadlineIn(api.requestTimeoutMs);
    const limitedResponse = response as unknown as LimitedResponse;
    const request: LimitedRequest = { ...owner.credentials, ip: owner.ip, res: limitedResponse };
    response.locals.deadline = deadline;
    await api.limits?.countRequest(request, limitedResponse);
    const viewer = await api.authenticate(request, deadline);
    // graphql-ws has checked the types of the parameters.
    const { query, extensions } = api.resolveDocument(parameters) as Partial<OperationRequest>;
    const given = { ...operation, query: query ?? "", extensions: extensions ?? undefined };
    const { chargeCost } = api;
    const details = {
      requestId,
      deadline,
      viewer,
      response,
      chargeCost: chargeCost && ((cost: number) => chargeCost(limitedResponse, cost)),
      noteOperation: (field: string) => {
        response.locals.operation = field;
      },
    };
    try {
      const started = await subscriptions.start(given, details, () => {
        const signal = streams.open({ kind: "websocket", request, response: limitedResponse as never, viewer });
        response.locals.isStream = true;
        return signal;
      });
      return { ...started, viewer };
    } finally {
      response.locals.slot?.end(deadline);
    }
  }

  function record({ requestId, response }: SocketOperation, { failure, startedAt, hasLeft }: OperationEnd): void {
    const { operation = "none", isStream } = response.locals;
    const ms = performance.now() - startedAt;
    const status = failure?.status ?? (hasLeft && isStream !== true ? "aborted" : 200);
    log.info(
      {
        requestId,
        operation,
        status,
        ms: Math.round(ms),
        ...refusalOf(response),
        ...(isStream ? { stream: true } : {}),
      },
      "operation",
    );
    const seconds = isStream ? null : ms / 1000;
    api.metrics?.observeRequest({ endpoint: "websocket", operation, status: String(status), seconds });
  }

  return async function* runOperation(running: SocketOperation): AsyncGenerator<FormattedExecutionResult, void, void> {
    const { owner, requestId, response } = running;
    const startedAt = performance.now();
    let failure: Failure | null = null;
    owner.beginStart();
    try {
      const { result, stream, viewer } = await start(running);
      if (stream === null) {
        if (result.data === undefined) throw new OperationFailed(result.errors ?? []);
        yield result;
        return;
      }
      owner.endStart();
      for await (const { result: event } of subscriptions.deliver(stream, { kind: "websocket", viewer, requestId }))
        yield event;
    } catch (error) {
      if (response.closed) return;
      if (error instanceof OperationFailed) {
        if (response.locals.exceededLimit !== undefined) failure = new Failure("RATE_LIMITED");
        throw error;
      }
      if (error instanceof ServerStops || owner.isStopping()) {
        owner.endStart();
        // The end of the operation would tell the client not to reconnect.
        await owner.closed;
        return;
      }
      const isUnexpected = !(error instanceof Failure);
      if (isUnexpected) log.error({ requestId, err: error }, "unexpected error");
      const reported = isUnexpected ? new Failure("INTERNAL") : error;
      logDependencyFailure(log, requestId, reported);
      failure = reported;
      if (reported.kind === "UNAUTHENTICATED") owner.rejectCredential();
      // The limit of operations would not limit how many of them wait for a delayed refusal.
      if (owner.exceededMaxOperations === null)
        await new Promise<void>((resolve) => delayRefusal(owner, reported, resolve));
      throw OperationFailed.of(reported);
    } finally {
      const hasLeft = response.closed;
      response.close();
      owner.endStart();
      record(running, { failure, startedAt, hasLeft });
    }
  };
}

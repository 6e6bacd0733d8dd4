import type { Authenticate } from "../../auth/authenticate.ts";
import type { Config } from "../../config.ts";
import type { RequestContext, RequestDetails } from "../../context.ts";
import type { GraphqlServer } from "../../graphql/server.ts";
import type { ResolveDocument } from "../../graphql/trusted/resolve-document.ts";
import type { TaskWatcher } from "../../live/watch-tasks.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { RequestLimits } from "../../rate-limit/request-limits.ts";
import type { BufferLimit } from "../response/buffer-limit.ts";
import { createOpenSockets, type SocketTimes } from "../web-socket/open-sockets.ts";
import { createOpenStreams } from "./open-streams.ts";
import { createSubscriptions } from "./subscriptions.ts";

/** Shorter times for tests. */
export interface LiveTimes extends SocketTimes {
  readonly lookEveryMs: number;
  readonly checkEveryMs: number;
}

interface LiveOptions {
  readonly graphql: GraphqlServer;
  readonly resolveDocument: ResolveDocument;
  readonly createContext: (request: RequestDetails) => RequestContext;
  /** Checks a credential without the limits of requests. */
  readonly authenticateWithoutLimits: Authenticate;
  /** Authenticates and counts an operation of a WebSocket connection like a request. */
  readonly authenticate: Authenticate;
  readonly requestLimits: Pick<RequestLimits, "sockets" | "chargeCost">;
  readonly watcher: TaskWatcher;
  readonly metrics: Metrics | null;
  readonly log: Log;
  readonly buffers: BufferLimit;
  readonly silenceTimeoutMs: number;
  readonly times: Partial<LiveTimes>;
}

export type LiveUpdates = ReturnType<typeof createLiveUpdates>;

/** Creates what all event streams of the process share. */
export function createLiveUpdates(config: Config, options: LiveOptions) {
  const { graphql, createContext, authenticate, requestLimits, watcher, metrics, log, buffers, times } = options;
  const { liveStreams, liveStreamsPerUser, requestTimeoutMs } = config;
  const onRefusal = () => metrics?.countRejection("streams");
  const streams = createOpenStreams({
    limits: { total: liveStreams, perUser: liveStreamsPerUser },
    authenticate: options.authenticateWithoutLimits,
    checkEveryMs: times.checkEveryMs,
    onRefusal,
  });
  const subscriptions = createSubscriptions({
    graphql,
    createContext,
    slots: Math.ceil(config.databasePoolSize / 2),
    onEvent: (kind, lagSeconds) => metrics?.countLiveEvent(kind, lagSeconds),
  });
  const { sockets: limits, chargeCost } = requestLimits;
  const sockets = createOpenSockets({
    operations: {
      streams,
      subscriptions,
      authenticate,
      limits,
      chargeCost,
      resolveDocument: options.resolveDocument,
      requestTimeoutMs,
      metrics,
      log,
    },
    limits: { sockets: liveStreams, perUser: liveStreamsPerUser, silenceTimeoutMs: options.silenceTimeoutMs },
    buffers,
    onRefusal,
    times,
  });
  metrics?.watchLive({ streams: streams.size, sockets: sockets.size, watchedTasks: watcher.watchedTasks });
  return {
    streams,
    subscriptions,
    sockets,

    /** Ends all streams, and refuses new ones. */
    closeAll(): void {
      sockets.closeAll();
      streams.closeAll();
    },
  };
}

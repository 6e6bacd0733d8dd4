import type { Authenticate } from "../../auth/authenticate.ts";
import type { Config } from "../../config.ts";
import type { RequestContext, RequestDetails } from "../../context.ts";
import type { GraphqlServer } from "../../graphql/server.ts";
import type { TaskWatcher } from "../../live/watch-tasks.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { createOpenStreams } from "./open-streams.ts";
import { createSubscriptions } from "./subscriptions.ts";

/** Shorter times for tests. */
export interface LiveTimes {
  readonly lookEveryMs: number;
  readonly checkEveryMs: number;
}

interface LiveOptions {
  readonly graphql: GraphqlServer;
  readonly createContext: (request: RequestDetails) => RequestContext;
  /** Checks a credential without the limits of requests. */
  readonly authenticate: Authenticate;
  readonly watcher: TaskWatcher;
  readonly metrics: Metrics | null;
  readonly checkEveryMs: number | undefined;
}

export type LiveUpdates = ReturnType<typeof createLiveUpdates>;

/** Opens what all event streams of the process share. */
export function createLiveUpdates(config: Config, options: LiveOptions) {
  const { graphql, createContext, authenticate, watcher, metrics, checkEveryMs } = options;
  const streams = createOpenStreams({
    limits: { total: config.liveStreams, perUser: config.liveStreamsPerUser },
    authenticate,
    checkEveryMs,
    onRefusal: () => metrics?.countRejection("streams"),
  });
  metrics?.watchLive({ streams: streams.size, watchedTasks: watcher.watchedTasks });
  const subscriptions = createSubscriptions({
    graphql,
    createContext,
    slots: Math.ceil(config.databasePoolSize / 2),
    onEvent: (lagSeconds) => metrics?.countLiveEvent(lagSeconds),
  });
  return { streams, subscriptions };
}

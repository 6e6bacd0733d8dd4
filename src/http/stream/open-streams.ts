import type { Response } from "express";
import type { Authenticate, Credentials } from "../../auth/authenticate.ts";
import { isSameViewer, type Viewer } from "../../auth/viewer.ts";
import { Failure } from "../../errors.ts";
import type { StreamKind } from "../../metrics/live-metrics.ts";
import { fingerprintOf } from "../../rate-limit/recent-credentials.ts";
import { deadlineIn } from "../../values/deadline.ts";

/** A revoked key ends its streams within this time and the time of one statement. */
const CHECK_CREDENTIALS_EVERY_MS = 3000;
const CHECK_TIMEOUT_MS = 1500;
/** During a stop, a client has this long to read the end of its stream and to close the connection. */
const STOP_LINGER_MS = 1000;

/** The reason for which the server closes a stream when it stops. */
export class ServerStops extends Error {}
/** The reason for which a stream ends when its client has disconnected. */
export class ClientLeft extends Error {}

interface StreamLimits {
  readonly total: number;
  readonly perUser: number;
}

interface OpenStreamsOptions {
  readonly limits: StreamLimits;
  /** Checks a credential without the limits of requests. */
  readonly authenticate: Authenticate;
  readonly checkEveryMs: number | undefined;
  readonly onRefusal: () => void;
}

interface StreamRequest {
  readonly kind: StreamKind;
  readonly request: Credentials;
  readonly response: Pick<Response, "closed" | "locals" | "once" | "setHeader" | "headersSent" | "socket">;
  readonly viewer: Viewer;
}

export type OpenStreams = ReturnType<typeof createOpenStreams>;

/** The streams of one process. Limits their number, and ends those whose credential is no longer valid. */
export function createOpenStreams({
  limits,
  authenticate,
  onRefusal,
  checkEveryMs = CHECK_CREDENTIALS_EVERY_MS,
}: OpenStreamsOptions) {
  const open = new Map<StreamRequest, AbortController>();
  const perUser = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;

  function add(userId: string, streams: number): void {
    const count = (perUser.get(userId) ?? 0) + streams;
    if (count === 0) perUser.delete(userId);
    else perUser.set(userId, count);
  }

  function refuse(failure: Failure): never {
    onRefusal();
    throw failure;
  }

  /** One statement checks all API keys, because their lookups are batched. */
  function checkCredentials(): void {
    const byCredential = new Map<string | null, StreamRequest[]>();
    for (const stream of open.keys()) {
      const fingerprint = fingerprintOf(stream.request);
      const streams = byCredential.get(fingerprint) ?? [];
      streams.push(stream);
      byCredential.set(fingerprint, streams);
    }
    for (const [stream, ...others] of byCredential.values()) if (stream !== undefined) void check(stream, others);
  }

  async function check(stream: StreamRequest, others: readonly StreamRequest[]): Promise<void> {
    try {
      const viewer = await authenticate(stream.request, deadlineIn(CHECK_TIMEOUT_MS));
      if (isSameViewer(viewer, stream.viewer)) return;
    } catch (error) {
      // Streams stay open while credentials cannot be checked, because nothing can be read either.
      if (!(error instanceof Failure && error.kind === "UNAUTHENTICATED")) return;
    }
    for (const ended of [stream, ...others]) {
      ended.response.locals.credentialFault = stream.response.locals.credentialFault ?? "different_users";
      open.get(ended)?.abort(new Failure("UNAUTHENTICATED"));
    }
  }

  return {
    size: (kind: StreamKind) => [...open.keys()].filter((stream) => stream.kind === kind).length,

    /**
     * Counts a stream until its response is closed; throws RATE_LIMITED or UNAVAILABLE. The signal aborts with the Failure
     * that ends the stream, with ServerStops, or with ClientLeft.
     */
    open(stream: StreamRequest): AbortSignal {
      const { response, viewer } = stream;
      if (isStopping) refuse(new Failure("UNAVAILABLE"));
      if (open.size >= limits.total) {
        response.locals.exceededLimit = "streams";
        refuse(new Failure("UNAVAILABLE"));
      }
      if ((perUser.get(viewer.userId) ?? 0) >= limits.perUser) {
        response.locals.exceededLimit = "streams_of_user";
        response.setHeader("Retry-After", 10);
        const message = `This user already has ${limits.perUser} open streams, which is the limit`;
        refuse(new Failure("RATE_LIMITED", { message }));
      }
      const controller = new AbortController();
      open.set(stream, controller);
      add(viewer.userId, 1);
      const close = () => {
        open.delete(stream);
        add(viewer.userId, -1);
        controller.abort(new ClientLeft());
        if (open.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
      if (response.closed) close();
      else response.once("close", close);
      if (open.size > 0) timer ??= setInterval(checkCredentials, checkEveryMs).unref();
      return controller.signal;
    },

    /** Ends all streams, and refuses new ones. */
    closeAll(): void {
      isStopping = true;
      for (const controller of open.values()) controller.abort(new ServerStops());
      setTimeout(() => {
        for (const { response } of open.keys()) if (response.headersSent) response.socket?.destroy();
      }, STOP_LINGER_MS).unref();
    },
  };
}

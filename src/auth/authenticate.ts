import type { IncomingMessage } from "node:http";
import { Failure } from "../errors.ts";
import type { Deadline } from "../values/deadline.ts";
import type { ApiKeys } from "./api-key.ts";
import { bearerTokenOf } from "./bearer.ts";
import type { VerifyJwt } from "./jwt.ts";
import { isSameViewer, type Viewer } from "./viewer.ts";

/** The part of a request that contains the credential. Operations of a WebSocket connection use the credential of the connection. */
export type Credentials = Pick<IncomingMessage, "headers" | "headersDistinct">;

/** Fails as UNAUTHENTICATED if a request has no credential, an invalid one, or two that belong to different viewers. */
export type Authenticate = (request: Credentials, deadline: Deadline) => Promise<Viewer>;

export function createAuthenticator(apiKeys: Pick<ApiKeys, "findViewerByApiKey">, verifyJwt: VerifyJwt): Authenticate {
  async function viewerOfAuthorization(value: string, deadline: Deadline): Promise<Viewer | null> {
    const token = bearerTokenOf(value);
    if (token === null) return null;
    return (await apiKeys.findViewerByApiKey(token, deadline)) ?? (await verifyJwt(token));
  }

  return async (request, deadline) => {
    // Use `headersDistinct`, because `headers` keeps only the first Authorization line and joins X-API-Key lines.
    const { authorization = [], "x-api-key": keys = [] } = request.headersDistinct;
    const count = authorization.length + keys.length;
    if (count === 0 || count > 2) throw new Failure("UNAUTHENTICATED");

    const [viewer, other] = await Promise.all([
      ...authorization.map((value) => viewerOfAuthorization(value, deadline)),
      ...keys.map((key) => apiKeys.findViewerByApiKey(key, deadline)),
    ]);
    if (!viewer || (count === 2 && !(other && isSameViewer(viewer, other)))) throw new Failure("UNAUTHENTICATED");
    return viewer;
  };
}

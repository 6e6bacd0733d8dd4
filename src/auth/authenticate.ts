import type { IncomingMessage } from "node:http";
import type { Deadline } from "../values/deadline.ts";
import type { ApiKeys } from "./api-key.ts";
import { bearerTokenOf } from "./bearer.ts";
import { type CredentialFault, Unauthenticated } from "./credential-fault.ts";
import type { VerifyJwt } from "./jwt.ts";
import { isSameViewer, type Viewer } from "./viewer.ts";

/** The part of a request that contains the credential. Operations of a WebSocket connection use the credential of the connection. */
export type Credentials = Pick<IncomingMessage, "headers" | "headersDistinct">;

/** Fails as UNAUTHENTICATED if a request has no credential, an invalid one, or two that belong to different viewers. */
export type Authenticate = (request: Credentials, deadline: Deadline) => Promise<Viewer>;

export function createAuthenticator(apiKeys: Pick<ApiKeys, "findViewerByApiKey">, verifyJwt: VerifyJwt): Authenticate {
  async function viewerOfAuthorization(value: string, deadline: Deadline): Promise<Viewer | CredentialFault> {
    const token = bearerTokenOf(value);
    if (token === null) return "malformed";
    const ofKey = await apiKeys.findViewerByApiKey(token, deadline);
    return ofKey === "malformed" ? verifyJwt(token) : ofKey;
  }

  return async (request, deadline) => {
    // Use `headersDistinct`, because `headers` keeps only the first Authorization line and joins X-API-Key lines.
    const { authorization = [], "x-api-key": keys = [] } = request.headersDistinct;
    const count = authorization.length + keys.length;
    if (count === 0 || count > 2) throw new Unauthenticated(count === 0 ? "missing" : "too_many");

    const found = await Promise.all([
      ...authorization.map((value) => viewerOfAuthorization(value, deadline)),
      ...keys.map((key) => apiKeys.findViewerByApiKey(key, deadline)),
    ]);
    const [viewer, other] = found.map((result) => {
      if (typeof result === "string") throw new Unauthenticated(result);
      return result;
    });
    if (viewer === undefined) throw new Unauthenticated("missing");
    if (other !== undefined && !isSameViewer(viewer, other)) throw new Unauthenticated("different_users");
    return viewer;
  };
}

import type { Request, Response } from "express";
import onHeaders from "on-headers";
import { parseTokens } from "../db/replicas/consistency-token.ts";
import type { OpenReplicas } from "../db/replicas/open-replicas.ts";
import { Failure } from "../errors.ts";

const HEADER = "Consistency-Token";

/** Chooses the server that answers an authenticated request, and adds the header with the token to its response. */
export type BeginReads = (request: Request, response: Response) => void;

type RequestServers = Pick<OpenReplicas, "beginRequest" | "endRequest">;

export function createBeginReads({ beginRequest, endRequest }: RequestServers): BeginReads {
  return (request, response) => {
    const header = request.headers["consistency-token"];
    const tokens = header === undefined ? [] : parseTokens(String(header));
    if (tokens === null) {
      const reason =
        "must contain at most 10 values of this header of earlier responses or of an import, separated by commas";
      throw Failure.ofFields([{ field: HEADER, reason }]);
    }
    const reads = beginRequest(response.locals.deadline, tokens);
    onHeaders(response, () => {
      const token = endRequest(reads);
      if (token !== undefined) response.setHeader(HEADER, token);
    });
  };
}

import type { Response } from "express";
import type { Credentials } from "../auth/authenticate.ts";

/** The parts of a response that the limits use. An operation of a WebSocket connection has no HTTP response. */
export type LimitedResponse = Pick<Response, "locals" | "closed" | "on" | "once" | "setHeader">;

/** The parts of a request that the limits use. */
export interface LimitedRequest extends Credentials {
  /** The address of the client. */
  readonly ip?: string | undefined;
  readonly res?: LimitedResponse | undefined;
}

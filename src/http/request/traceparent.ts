import type { TraceFields } from "../../log.ts";

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
/** The version `ff` is invalid. */
const INVALID_VERSION = "ff";

/**
 * Reads the header `traceparent` by the rules of W3C Trace Context, section 3.2, which allow more fields only in versions
 * after 00. Returns null for an invalid header.
 */
export function readTraceparent(header: string | string[] | undefined): TraceFields | null {
  if (typeof header !== "string") return null;
  const [, version, trace_id = "", span_id = "", more] = TRACEPARENT.exec(header) ?? [];
  if (version === undefined || version === INVALID_VERSION || (version === "00" && more !== undefined)) return null;
  return /[^0]/.test(trace_id) && /[^0]/.test(span_id) ? { trace_id, span_id } : null;
}

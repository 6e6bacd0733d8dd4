import type { Deliverability } from "../email/deliverability.ts";
import type { JobStatus } from "./job-record.ts";

/**
 * Fields combine with AND, the words of a list with OR: an empty list matches nothing. A field that is absent or null
 * asks for nothing. Those of the email match only jobs that have one.
 */
export interface JobFilter {
  readonly status?: readonly JobStatus[] | null;
  readonly emailStatus?: readonly string[] | null;
  readonly deliverability?: readonly Deliverability[] | null;
  readonly isRoleBased?: boolean | null;
  readonly isDisposable?: boolean | null;
  readonly hasMxRecords?: boolean | null;
  readonly hasReverseDns?: boolean | null;
  readonly isCatchall?: boolean | null;
  readonly needsPhysicalVerify?: boolean | null;
  readonly domain?: readonly string[] | null;
  readonly addressContains?: string | null;
  readonly hasUnknownReason?: boolean | null;
  readonly hasEmail?: boolean | null;
  readonly createdFrom?: string | null;
  readonly createdTo?: string | null;
  readonly updatedFrom?: string | null;
  readonly updatedTo?: string | null;
}

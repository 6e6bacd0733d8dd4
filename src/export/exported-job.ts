import type { EmailRecord } from "../email/email.queries.ts";
import type { JobRecord } from "../job-search/job-record.ts";
import { rfc3339OfTimestamptz } from "../values/rfc3339.ts";

export interface ExportedJob {
  readonly job: JobRecord;
  /** Null if the job has no email record or the record cannot be represented in RFC 3339. */
  readonly email: EmailRecord | null;
}

type Cell = string | boolean | null;

/** The names equal the column names of the importer, so that an exported file can be imported again. */
const FIELD_READERS = {
  job_id: ({ job }) => job.id,
  task_id: ({ job }) => job.taskId,
  email_address: ({ job }) => job.emailAddress,
  job_status: ({ job }) => job.statusWord,
  job_created_at: ({ job }) => rfc3339OfTimestamptz(job.createdAt),
  job_updated_at: ({ job }) => rfc3339OfTimestamptz(job.updatedAt),
  id: ({ email }) => email?.id,
  // The importer requires an address in every row.
  email: ({ job, email }) => (email === null ? job.emailAddress : email.email),
  status: ({ email }) => email?.status,
  is_role_based: ({ email }) => email?.isRoleBased,
  is_disposable: ({ email }) => email?.isDisposable,
  has_mx_records: ({ email }) => email?.hasMxRecords,
  has_reverse_dns: ({ email }) => email?.hasReverseDns,
  domain_name: ({ email }) => email?.domainName,
  host_name: ({ email }) => email?.hostName,
  server_type: ({ email }) => email?.serverType,
  is_catchall: ({ email }) => email?.isCatchall,
  validated_at: ({ email }) => timestampOrNull(email?.validatedAt),
  unknown_reason: ({ email }) => email?.unknownReason,
  needs_physical_verify: ({ email }) => email?.needsPhysicalVerify,
} as const satisfies Record<string, (exported: ExportedJob) => Cell | undefined>;

export type ExportField = keyof typeof FIELD_READERS;

export const EXPORT_FIELDS = Object.keys(FIELD_READERS) as readonly ExportField[];

export function isExportField(name: string): name is ExportField {
  return Object.hasOwn(FIELD_READERS, name);
}

export function cellsOf(exported: ExportedJob, fields: readonly ExportField[]): Cell[] {
  return fields.map((field) => FIELD_READERS[field](exported) ?? null);
}

/** Returns the documented JSON of task-job.rest.graphql. JSON.stringify omits an undefined `email`. */
export function restJobOf({ job, email }: ExportedJob): object {
  return {
    id: job.id,
    task_id: job.taskId,
    email_address: job.emailAddress,
    status: job.statusWord,
    email: email === null ? undefined : restEmailOf(email),
    created_at: rfc3339OfTimestamptz(job.createdAt),
    updated_at: rfc3339OfTimestamptz(job.updatedAt),
  };
}

function restEmailOf(email: EmailRecord): object {
  return {
    id: email.id,
    email: email.email,
    status: email.status,
    is_role_based: email.isRoleBased,
    is_disposable: email.isDisposable,
    has_mx_records: email.hasMxRecords,
    has_reverse_dns: email.hasReverseDns,
    domain_name: email.domainName,
    host_name: email.hostName,
    server_type: email.serverType,
    is_catchall: email.isCatchall,
    validated_at: timestampOrNull(email.validatedAt),
    unknown_reason: email.unknownReason,
    needs_physical_verify: email.needsPhysicalVerify,
  };
}

function timestampOrNull(timestamp: string | null | undefined): string | null {
  return timestamp === null || timestamp === undefined ? null : rfc3339OfTimestamptz(timestamp);
}

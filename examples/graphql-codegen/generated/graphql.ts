/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Whether mail can be sent to the address. Each status of both generations of the service maps to one value. */
export type Deliverability =
  /** The mailbox exists: `exists`, `valid`. */
  | 'DELIVERABLE'
  /** Mail may be accepted without reaching a person: `catchall`, `disposable_domain`. */
  | 'RISKY'
  /** Mail would bounce: `not_exists`, `invalid`, `invalid_syntax`. */
  | 'UNDELIVERABLE'
  /** The result is not known: `unknown` and every status that this API does not know. */
  | 'UNKNOWN';

/** The progress of the verification of one address. */
export type JobStatus =
  /** The address was verified. `email` has the result, unless its record was deleted. */
  | 'COMPLETED'
  /** The verification ended with an error. `email` may be null. */
  | 'FAILED'
  /** Waiting for a worker. */
  | 'PENDING'
  /** A worker is verifying the address. */
  | 'PROCESSING';

/** Conditions on jobs. The fields combine with AND and the values of a list with OR, so an empty list matches no job. A field that is absent or null is no condition. More than 100 values in a list, or more than 998 characters in a text, are BAD_USER_INPUT. Statuses and timestamps have an index. Fields of the email and `addressContains` are compared job by job: if few jobs of a very large task match, the query fails with DEPENDENCY_TIMEOUT. Use the export instead, which has a longer timeout. */
export type TaskJobFilter = {
  /** A text that the submitted address contains. Case is ignored: A to Z match only a to z, and other letters match by the simple case mappings of Unicode. Text is not normalised: `ß` is not `ss`, the Turkish `ı` and `İ` match only themselves, and `é` is not `e` with a combining accent. There are no wildcards. */
  addressContains?: string | null | undefined;
  /** Matches jobs that were created at this time or later. */
  createdFrom?: string | null | undefined;
  /** Matches jobs that were created before this time. No job matches if this time is not after `createdFrom`. */
  createdTo?: string | null | undefined;
  /** Matches one of these values. Matches only jobs that have an email. */
  deliverability?: Array<Deliverability> | null | undefined;
  /** Matches one of these domains. Case is ignored as in `addressContains`. Matches only jobs that have an email. */
  domain?: Array<string> | null | undefined;
  /** Matches one of these statuses of the email exactly. Matches only jobs that have an email. */
  emailStatus?: Array<string> | null | undefined;
  /** True for jobs that have an email, false for jobs that have none. */
  hasEmail?: boolean | null | undefined;
  /** True for domains with MX records, false for domains without. Matches only jobs that have an email. */
  hasMxRecords?: boolean | null | undefined;
  /** True for mail hosts with a PTR record, false for hosts without. Matches only jobs that have an email. */
  hasReverseDns?: boolean | null | undefined;
  /** True for emails that have an `unknownReason`, false for emails without. Matches only jobs that have an email. */
  hasUnknownReason?: boolean | null | undefined;
  /** True for domains that accept every address, false for all others. Matches only jobs that have an email. */
  isCatchall?: boolean | null | undefined;
  /** True for temporary addresses, false for all others. Matches only jobs that have an email. */
  isDisposable?: boolean | null | undefined;
  /** True for role addresses, false for all others. Matches only jobs that have an email. */
  isRoleBased?: boolean | null | undefined;
  /** True for addresses that only a real message can verify, false for all others. Matches only jobs that have an email. */
  needsPhysicalVerify?: boolean | null | undefined;
  /** Matches jobs that have one of these statuses. */
  status?: Array<JobStatus> | null | undefined;
  /** Matches jobs that last changed at this time or later. */
  updatedFrom?: string | null | undefined;
  /** Matches jobs that last changed before this time. No job matches if this time is not after `updatedFrom`. */
  updatedTo?: string | null | undefined;
};

export type JobsQueryVariables = Exact<{
  taskId: string;
  limit: number;
  filter?: TaskJobFilter | null | undefined;
}>;


export type JobsQuery = { taskJobs: { count: number, jobs: Array<{ id: string, status: JobStatus, updatedAt: string, email: { status: string, deliverability: Deliverability, validatedAt: string | null } | null }> } };

export type JobFieldsFragment = { id: string, status: JobStatus, updatedAt: string, email: { status: string, deliverability: Deliverability, validatedAt: string | null } | null };

export type ProgressQueryVariables = Exact<{
  taskId: string;
}>;


export type ProgressQuery = { task: { progress: { total: number, percent: number, isComplete: boolean, lastUpdatedAt: string | null } } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const JobFieldsFragmentDoc = new TypedDocumentString(`
    fragment JobFields on TaskJob {
  id
  status
  updatedAt
  email {
    status
    deliverability
    validatedAt
  }
}
    `, {"fragmentName":"JobFields"}) as unknown as TypedDocumentString<JobFieldsFragment, unknown>;
export const JobsDocument = new TypedDocumentString(`
    query Jobs($taskId: UUID!, $limit: Int!, $filter: TaskJobFilter) {
  taskJobs(taskId: $taskId, limit: $limit, filter: $filter) {
    count
    jobs {
      ...JobFields
    }
  }
}
    fragment JobFields on TaskJob {
  id
  status
  updatedAt
  email {
    status
    deliverability
    validatedAt
  }
}`, {"hash":"sha256:7d613cf11e1fad8d67686827b5de32f65ffb06359062b3bce50feee392dd3fa4"}) as unknown as TypedDocumentString<JobsQuery, JobsQueryVariables>;
export const ProgressDocument = new TypedDocumentString(`
    query Progress($taskId: UUID!) {
  task(id: $taskId) {
    progress {
      total
      percent
      isComplete
      lastUpdatedAt
    }
  }
}
    `, {"hash":"sha256:709f44eab294e8959e50aac9a6362efc1ef328de9e1e40be56a1cf30b767dd4d"}) as unknown as TypedDocumentString<ProgressQuery, ProgressQueryVariables>;
/**
 * The complete list of failures that callers can receive. Any other error is logged, and the caller receives INTERNAL
 * without its details.
 */
const FAILURES = {
  INVALID_INPUT: { status: 400, rest: "VALIDATION_ERROR", graphql: "BAD_USER_INPUT", message: "Invalid parameters" },
  UNAUTHENTICATED: {
    status: 401,
    rest: "UNAUTHORIZED",
    graphql: "UNAUTHENTICATED",
    // The message is the same for missing, malformed, expired and revoked credentials, so that it does not help an attacker.
    message: "A valid API key or token is required",
  },
  ORIGIN_NOT_ALLOWED: {
    status: 403,
    rest: "FORBIDDEN",
    graphql: "FORBIDDEN",
    message: "Pages of this origin may not open a WebSocket connection",
  },
  NOT_FOUND: { status: 404, rest: "NOT_FOUND", graphql: "NOT_FOUND", message: "Not found" },
  METHOD_NOT_ALLOWED: {
    status: 405,
    rest: "METHOD_NOT_ALLOWED",
    graphql: "BAD_REQUEST",
    message: "This path does not support that method",
  },
  NOT_ACCEPTABLE: {
    status: 406,
    rest: "NOT_ACCEPTABLE",
    graphql: "BAD_REQUEST",
    message: "This path can only respond with application/json",
  },
  REQUEST_TIMEOUT: {
    status: 408,
    rest: "REQUEST_TIMEOUT",
    graphql: "BAD_REQUEST",
    message: "The request took too long to arrive",
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    rest: "PAYLOAD_TOO_LARGE",
    graphql: "BAD_REQUEST",
    message: "The request body is too large",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    rest: "UNSUPPORTED_MEDIA_TYPE",
    graphql: "BAD_REQUEST",
    message: "The request body must be JSON in UTF-8, plain or compressed with gzip or deflate",
  },
  RATE_LIMITED: { status: 429, rest: "RATE_LIMITED", graphql: "RATE_LIMITED", message: "Too many requests" },
  HEADERS_TOO_LARGE: {
    status: 431,
    rest: "HEADERS_TOO_LARGE",
    graphql: "BAD_REQUEST",
    message: "The URL and the headers of the request are too large",
  },
  INTERNAL: {
    status: 500,
    rest: "INTERNAL_ERROR",
    graphql: "INTERNAL_SERVER_ERROR",
    message: "Unexpected server error",
  },
  UNAVAILABLE: {
    status: 503,
    rest: "DEPENDENCY_UNAVAILABLE",
    graphql: "DEPENDENCY_UNAVAILABLE",
    message: "The service cannot respond now, try again",
  },
  TIMEOUT: {
    status: 504,
    rest: "DEPENDENCY_TIMEOUT",
    graphql: "DEPENDENCY_TIMEOUT",
    message: "The database took too long, try again",
  },
} as const;

/** The value of Retry-After in every 503 response. */
export const RETRY_AFTER_SECONDS = 1;

export type FailureKind = keyof typeof FAILURES;

/** One wrong field of a request. The reason states the rule and never repeats the caller's value. */
export interface FieldFault {
  readonly field: string;
  readonly reason: string;
}

export class Failure extends Error {
  readonly kind: FailureKind;
  readonly details: readonly FieldFault[];

  constructor(kind: FailureKind, options: { message?: string; details?: readonly FieldFault[]; cause?: unknown } = {}) {
    super(options.message ?? FAILURES[kind].message, { cause: options.cause });
    this.kind = kind;
    this.details = options.details ?? [];
  }

  get status(): number {
    return FAILURES[this.kind].status;
  }
  get restCode(): string {
    return FAILURES[this.kind].rest;
  }
  get graphqlCode(): string {
    return FAILURES[this.kind].graphql;
  }

  /** Whether a dependency, such as the database, did not respond or did not respond in time. */
  get isOfDependency(): boolean {
    return this.kind === "UNAVAILABLE" || this.kind === "TIMEOUT";
  }

  /** Creates one failure that names all wrong fields of a request. */
  static ofFields(details: readonly FieldFault[]): Failure {
    const fields = details.map((fault) => `${fault.field} ${fault.reason}`).join("; ");
    return new Failure("INVALID_INPUT", { message: `Invalid parameters: ${fields}`, details });
  }
}

/** The message for every request that cannot be parsed, because the causes repeat parts of the request. */
export const MALFORMED_REQUEST = "The request is malformed";

/** For a task that does not exist, is deleted or belongs to another user: the three have the same response. */
export function taskNotFound(): Failure {
  return new Failure("NOT_FOUND", { message: "Batch verification task not found" });
}

/** For a job that does not exist, is deleted, or belongs to a task that the viewer may not read. */
export function jobNotFound(): Failure {
  return new Failure("NOT_FOUND", { message: "Email job not found" });
}

/** A failure of the whole request, even if it occurs in a nullable field, such as a failed batch of a DataLoader. */
export class RequestFailure extends Failure {
  constructor(cause: unknown) {
    super(cause instanceof Failure ? cause.kind : "INTERNAL", { cause });
  }
}

/** Rethrows the error of a batch of a DataLoader as a failure of the whole request. */
export function failRequest(cause: unknown): never {
  throw new RequestFailure(cause);
}

const KIND_BY_GRAPHQL_CODE = new Map<unknown, FailureKind>(
  (Object.keys(FAILURES) as FailureKind[])
    .filter((kind) => FAILURES[kind].graphql !== "BAD_REQUEST")
    .map((kind) => [FAILURES[kind].graphql, kind]),
);

/** Returns INTERNAL for an unknown code: a REST caller did not write the stored document and cannot correct it. */
export function failureKindOfGraphqlCode(code: unknown): FailureKind {
  return KIND_BY_GRAPHQL_CODE.get(code) ?? "INTERNAL";
}

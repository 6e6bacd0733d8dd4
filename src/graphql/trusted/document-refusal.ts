import { Failure, type FailureKind } from "../../errors.ts";

const REFUSALS = {
  UNKNOWN: { kind: "NOT_FOUND", code: "PERSISTED_QUERY_NOT_FOUND", message: "No trusted document has this id" },
  ID_REQUIRED: {
    kind: "INVALID_INPUT",
    code: "PERSISTED_QUERY_ID_REQUIRED",
    message: "This server executes only trusted documents: send documentId instead of query",
  },
} as const satisfies Record<string, { kind: FailureKind; code: string; message: string }>;

/** A failure with a code that clients of persisted queries know from Apollo Server and Apollo Router. */
export class DocumentRefusal extends Failure {
  readonly #code: string;

  constructor(reason: keyof typeof REFUSALS) {
    const { kind, code, message } = REFUSALS[reason];
    super(kind, { message });
    this.#code = code;
  }

  override get graphqlCode(): string {
    return this.#code;
  }
}

/** One row of `emails`. Timestamps are Postgres' text. */
export interface EmailRecord {
  readonly id: string;
  readonly email: string;
  readonly status: string;
  readonly isRoleBased: boolean;
  readonly isDisposable: boolean;
  readonly hasMxRecords: boolean;
  readonly hasReverseDns: boolean;
  readonly domainName: string | null;
  readonly hostName: string | null;
  readonly serverType: string | null;
  readonly isCatchall: boolean;
  readonly validatedAt: string | null;
  readonly unknownReason: string | null;
  readonly needsPhysicalVerify: boolean;
}

/** Null when it is deleted; an error when something in it cannot be said, or nothing is there. */
export type EmailRead = EmailRecord | Error | null;

/** An email record that was read along with its job. */
export interface JoinedEmail {
  readonly id: string;
  readonly record: EmailRead;
}

/** The foreign key forbids it, so somebody must hear of it: an error, never a silent null. */
export function missingEmail(id: string): Error {
  return new Error(`the email record ${id} is missing`);
}

export const DELIVERABILITIES = ["DELIVERABLE", "UNDELIVERABLE", "RISKY", "UNKNOWN"] as const;
export type Deliverability = (typeof DELIVERABILITIES)[number];

/** The documented service has used two generations of words; both are folded. */
const DELIVERABILITY_BY_STATUS = new Map<string, Deliverability>([
  ["exists", "DELIVERABLE"],
  ["valid", "DELIVERABLE"],
  ["not_exists", "UNDELIVERABLE"],
  ["invalid", "UNDELIVERABLE"],
  ["invalid_syntax", "UNDELIVERABLE"],
  ["catchall", "RISKY"],
  ["disposable_domain", "RISKY"],
]);

/** A word nobody has seen yet is UNKNOWN, never an error. */
export function deliverabilityOfStatus(status: string): Deliverability {
  return DELIVERABILITY_BY_STATUS.get(status) ?? "UNKNOWN";
}

/** The words that are folded into it; none for UNKNOWN, which is all the others. */
export function statusesOfDeliverability(deliverability: Deliverability): string[] {
  return [...DELIVERABILITY_BY_STATUS].filter(([, folded]) => folded === deliverability).map(([status]) => status);
}

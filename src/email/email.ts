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

/** An email record that was read along with its job: null when it is deleted, undefined when it is missing. */
export interface JoinedEmail {
  readonly id: string;
  readonly record: EmailRecord | null | undefined;
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

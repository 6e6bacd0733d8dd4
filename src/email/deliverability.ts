export const DELIVERABILITIES = ["DELIVERABLE", "UNDELIVERABLE", "RISKY", "UNKNOWN"] as const;
export type Deliverability = (typeof DELIVERABILITIES)[number];

/** The status words of both generations of the documented service. */
const DELIVERABILITY_BY_STATUS = new Map<string, Deliverability>([
  ["exists", "DELIVERABLE"],
  ["valid", "DELIVERABLE"],
  ["not_exists", "UNDELIVERABLE"],
  ["invalid", "UNDELIVERABLE"],
  ["invalid_syntax", "UNDELIVERABLE"],
  ["catchall", "RISKY"],
  ["disposable_domain", "RISKY"],
]);

/** An unknown status is UNKNOWN and never an error, because verifiers may introduce new words. */
export function deliverabilityOfStatus(status: string): Deliverability {
  return DELIVERABILITY_BY_STATUS.get(status) ?? "UNKNOWN";
}

/** The statuses that map to this deliverability. Empty for UNKNOWN, to which all other statuses map. */
export function statusesOfDeliverability(deliverability: Deliverability): string[] {
  return [...DELIVERABILITY_BY_STATUS].filter(([, mapped]) => mapped === deliverability).map(([status]) => status);
}

import { createHash } from "node:crypto";

/** The result of one address. Its keys are the columns of `emails`. */
export interface SimulatedResult {
  readonly id: string;
  readonly email: string;
  readonly status: string;
  readonly is_role_based: boolean;
  readonly is_disposable: boolean;
  readonly has_mx_records: boolean;
  readonly has_reverse_dns: boolean;
  readonly domain_name: string | null;
  readonly host_name: string | null;
  readonly server_type: string | null;
  readonly is_catchall: boolean;
  readonly unknown_reason: string | null;
  readonly needs_physical_verify: boolean;
}

/** The status words of both generations. A real batch has one of them; the simulation shows both. */
const GENERATIONS = [
  { good: "exists", bad: "not_exists", disposable: "exists" },
  { good: "valid", bad: "invalid", disposable: "disposable_domain" },
] as const;

const ROLES = /^(info|sales|support|admin|billing|office|hr|press|abuse|postmaster|contact|noreply)$/;
const DISPOSABLE_DOMAIN = /temp|throwaway|minute|trash|mailinator|disposable/;
/** The mail services that a domain names. Every other domain has one of the remaining types. */
const NAMED_SERVERS = [
  [/gmail/, "Gmail"],
  [/outlook|hotmail|live\./, "Outlook"],
  [/yahoo/, "Yahoo"],
] as const;
const SERVER_TYPES = ["Google Workspace", "Microsoft 365", "Postfix", "Sendmail", "Exim", "Unknown"] as const;
const UNKNOWN_REASONS = ["smtp_timeout", "greylisted", "connection_refused", "blocked_by_provider", "mailbox_busy"];

/** The longest address of RFC 5321. The record of an address near the limit of the database would exceed that limit. */
const MAX_ADDRESS_BYTES = 254;

/**
 * Invents the result of an address, or null if the job fails. It depends on the address alone, so that a second run has the
 * same results, and every run has one record per address.
 */
export function simulateResult(address: string): SimulatedResult | null {
  const choices = createChoices(address);
  if (Buffer.byteLength(address) > MAX_ADDRESS_BYTES || choices.chance(0.03)) return null;

  const words = choices.pick(GENERATIONS);
  const [, localPart = "", domain = ""] = /^([^\s@"]+)@([^\s@.]+(?:\.[^\s@.]+)+)$/.exec(address.toLowerCase()) ?? [];
  const unreachable = {
    id: recordId(address),
    email: address,
    status: "invalid_syntax",
    is_role_based: false,
    is_disposable: false,
    has_mx_records: false,
    has_reverse_dns: false,
    domain_name: null,
    host_name: null,
    server_type: null,
    is_catchall: false,
    unknown_reason: null,
    needs_physical_verify: false,
  };
  if (domain === "") return unreachable;

  const server = {
    ...unreachable,
    has_mx_records: true,
    has_reverse_dns: createChoices(domain).chance(0.8),
    is_role_based: ROLES.test(localPart),
    domain_name: domain,
    host_name: `mx.${domain}`,
    server_type: serverTypeOf(domain),
  };
  if (DISPOSABLE_DOMAIN.test(domain)) return { ...server, status: words.disposable, is_disposable: true };
  if (choices.chance(0.2)) return { ...server, status: words.bad, has_mx_records: choices.chance(0.8) };
  if (choices.chance(0.12)) {
    return { ...server, status: "catchall", is_catchall: true, needs_physical_verify: choices.chance(0.5) };
  }
  if (choices.chance(0.12)) {
    const reason = choices.pick(UNKNOWN_REASONS);
    return {
      ...server,
      status: "unknown",
      server_type: "Unknown",
      unknown_reason: reason,
      needs_physical_verify: true,
    };
  }
  return { ...server, status: words.good };
}

function serverTypeOf(domain: string): string {
  const named = NAMED_SERVERS.find(([pattern]) => pattern.test(domain));
  return named?.[1] ?? createChoices(domain).pick(SERVER_TYPES);
}

/** Random choices that are always the same for the same text. */
function createChoices(text: string) {
  const bytes = createHash("sha256").update(text).digest();
  let used = 0;
  const next = () => {
    const value = bytes.readUInt16BE(used) / 2 ** 16;
    used += 2;
    return value;
  };
  return {
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T,
  };
}

/** A UUID of version 8, so that simulated records are recognizable: all other ids have version 4 or come from an import. */
function recordId(address: string): string {
  const hash = createHash("sha256").update(`simulated ${address}`).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

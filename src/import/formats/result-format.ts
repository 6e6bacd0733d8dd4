/** The documented states of an email record that the importer writes for another verifier's words. */
export const STATES = ["valid", "invalid", "catchall", "invalid_syntax", "disposable_domain", "unknown"] as const;
export type State = (typeof STATES)[number];

/** No documented state means `risky` alone, so the flags of the row decide. */
export type Verdict = State | "risky";

/** The meanings that a verifier's column can have. */
export const FIELDS = [
  "email",
  "status",
  "status_detail",
  "reason",
  "is_role_based",
  "is_disposable",
  "is_catchall",
  "has_mx_records",
  "mx_type",
  "domain_name",
  "host_name",
  "server_type",
  "validated_at",
  "is_deliverable",
  "is_valid_syntax",
] as const;
export type Field = (typeof FIELDS)[number];

/** The meaning of a reason, in addition to that of the status word. */
export interface ReasonMeaning {
  /** Replaces `invalid` and `risky`, never `valid`. */
  readonly state?: State;
  readonly is_role_based?: true;
  readonly is_disposable?: true;
  readonly is_catchall?: true;
  readonly has_mx_records?: true;
}

/** All names are normalized by `normalizeName`. */
export interface ResultFormat {
  /** The value of `--format`. */
  readonly name: string;
  readonly title: string;
  /** A header with all names of one of these lists belongs to the format. */
  readonly signatures: readonly (readonly string[])[];
  /** The names of each field's column, the preferred one first. */
  readonly fields: Readonly<Partial<Record<Field, readonly string[]>>>;
  /** The status words, and `word detail` if the format has the field `status_detail`. */
  readonly words: Readonly<Record<string, Verdict>>;
  readonly reasons?: Readonly<Record<string, ReasonMeaning>>;
  /** The order of 1/2/2025. Undefined if the verifier writes no such dates. */
  readonly slashDates?: "month first";
}

/** The usual names of the address in uploaded files. Verifiers keep the columns of such a file and append their own. */
export const ADDRESS_NAMES = [
  "email",
  "email_address",
  "emailaddress",
  "e_mail",
  "e_mail_address",
  "mail",
  "address",
  "recipient",
  "contact_email",
  "work_email",
  "email_1",
] as const;

/** `ZB Sub Status`, `zb_sub_status` and `zbSubStatus` are the same column, and `Accept-All` and `accept_all` the same word. */
export function normalizeName(name: string): string {
  return name
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1_$2")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_+|_+$/g, "");
}

import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://docs.reacher.email/getting-started/is-reachable, and the CSV of reacherhq/check-if-email-exists. */
export const reacher: ResultFormat = {
  name: "reacher",
  title: "Reacher (check-if-email-exists)",
  signatures: [["is_reachable"]],
  fields: {
    email: ["input", "syntax_address", ...ADDRESS_NAMES],
    status: ["is_reachable"],
    reason: ["smtp_error_type", "mx_error_type", "smtp_error", "mx_error", "error"],
    is_role_based: ["misc_is_role_account", "is_role_account"],
    is_disposable: ["misc_is_disposable", "is_disposable"],
    is_catchall: ["smtp_is_catch_all", "is_catch_all"],
    has_mx_records: ["mx_accepts_mail", "mx_accepts_mail"],
    domain_name: ["syntax_domain"],
    host_name: ["mx_records"],
    validated_at: ["debug_end_time", "verified_at"],
    is_deliverable: ["smtp_is_deliverable"],
    is_valid_syntax: ["syntax_is_valid_syntax"],
  },
  words: { safe: "valid", invalid: "invalid", risky: "risky", unknown: "unknown" },
};

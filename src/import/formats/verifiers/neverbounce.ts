import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://developers.neverbounce.com/reference/jobs-download and https://developers.neverbounce.com/docs/verification-results. */
export const neverbounce: ResultFormat = {
  name: "neverbounce",
  title: "NeverBounce",
  signatures: [
    ["email_status"],
    ["email_status_int"],
    ["verification_result"],
    ["result", "flags", "suggested_correction"],
  ],
  fields: {
    email: ["data_email", "verification_address_info_original_email", "address_info_original_email", ...ADDRESS_NAMES],
    status: ["email_status", "verification_result", "email_status_int", "result"],
    reason: ["bad_syntax_reason", "verification_flags", "flags"],
    is_role_based: ["role_account"],
    is_disposable: ["disposable_email"],
    is_catchall: ["accepts_all"],
    has_mx_records: ["has_mail_server", "has_dns_mx", "has_dns_info"],
    domain_name: ["host", "fqdn", "verification_address_info_host", "address_info_host"],
  },
  words: {
    valid: "valid",
    invalid: "invalid",
    disposable: "disposable_domain",
    catchall: "catchall",
    catch_all: "catchall",
    accept_all: "catchall",
    accept_all_unverifiable: "catchall",
    unknown: "unknown",
    bad_syntax: "invalid_syntax",
    duplicate: "unknown",
    "0": "valid",
    "1": "invalid",
    "2": "disposable_domain",
    "3": "catchall",
    "4": "unknown",
  },
  reasons: {
    bad_syntax: { state: "invalid_syntax" },
    role_account: { is_role_based: true },
    disposable_email: { is_disposable: true },
    accepts_all: { is_catchall: true },
    has_dns_mx: { has_mx_records: true },
  },
};

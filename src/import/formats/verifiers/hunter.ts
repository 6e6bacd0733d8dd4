import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://hunter.io/api-documentation/v2#email-verifier and https://help.hunter.io/en/articles/1859779-bulk-email-verifier. */
export const hunter: ResultFormat = {
  name: "hunter",
  title: "Hunter",
  signatures: [
    ["status", "smtp_check"],
    ["result", "smtp_check"],
    ["status", "webmail", "gibberish"],
    ["verification_status"],
    ["hunter_status"],
  ],
  fields: {
    email: ADDRESS_NAMES,
    status: ["verification_status", "hunter_status", "status", "result"],
    is_disposable: ["disposable"],
    is_catchall: ["accept_all"],
    has_mx_records: ["mx_records"],
    domain_name: ["domain_name", "domain"],
    validated_at: ["verification_date"],
    is_valid_syntax: ["regexp"],
  },
  words: {
    valid: "valid",
    invalid: "invalid",
    accept_all: "catchall",
    webmail: "unknown",
    disposable: "disposable_domain",
    unknown: "unknown",
    blocked: "unknown",
    deliverable: "valid",
    undeliverable: "invalid",
    risky: "risky",
  },
};

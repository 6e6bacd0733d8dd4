import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://www.zerobounce.net/docs/email-list-validation/status-codes and the sample file of zerobounce/zerobouncego. */
export const zerobounce: ResultFormat = {
  name: "zerobounce",
  title: "ZeroBounce",
  signatures: [["zb_status"], ["address", "status", "sub_status"], ["email_address", "status", "sub_status"]],
  fields: {
    email: ["email_address", ...ADDRESS_NAMES],
    status: ["zb_status", "status"],
    reason: ["zb_sub_status", "sub_status"],
    has_mx_records: ["zb_mx_found", "mx_found"],
    domain_name: ["zb_domain", "domain"],
    host_name: ["zb_mx_record", "mx_record"],
    server_type: ["zb_smtp_provider", "smtp_provider"],
    validated_at: ["zb_processed_at", "processed_at"],
  },
  words: {
    valid: "valid",
    invalid: "invalid",
    catch_all: "catchall",
    unknown: "unknown",
    // These mailboxes may exist, but no message may be sent to them.
    spamtrap: "invalid",
    abuse: "invalid",
    do_not_mail: "invalid",
  },
  reasons: {
    failed_syntax_check: { state: "invalid_syntax" },
    disposable: { state: "disposable_domain" },
    toxic: { is_disposable: true },
    role_based: { state: "unknown", is_role_based: true },
    role_based_catch_all: { state: "catchall", is_role_based: true },
    role_based_accept_all: { state: "catchall", is_role_based: true },
    accept_all: { is_catchall: true },
  },
  slashDates: "month first",
};

import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://docs.usebouncer.com/api-reference/batch/batch-results and https://docs.usebouncer.com/terminology. */
export const bouncer: ResultFormat = {
  name: "bouncer",
  title: "Bouncer",
  signatures: [
    ["status", "reason", "toxicity"],
    ["status", "reason", "toxic"],
    ["status", "reason", "domain_accept_all"],
    ["status", "reason", "account_role"],
    ["status", "reason", "accept_all"],
    ["bouncer_status"],
  ],
  fields: {
    email: ADDRESS_NAMES,
    status: ["bouncer_status", "status"],
    reason: ["bouncer_reason", "reason"],
    is_role_based: ["account_role", "role"],
    is_disposable: ["domain_disposable", "disposable"],
    is_catchall: ["domain_accept_all", "accept_all"],
    mx_type: ["dns_type"],
    domain_name: ["domain_name", "domain"],
    host_name: ["dns_record"],
    server_type: ["provider"],
  },
  words: { deliverable: "valid", undeliverable: "invalid", risky: "risky", unknown: "unknown" },
  reasons: { invalid_email: { state: "invalid_syntax" } },
};

import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://emailable.com/docs/api/emails and https://help.emailable.com (states and reasons). */
export const emailable: ResultFormat = {
  name: "emailable",
  title: "Emailable",
  signatures: [["state", "reason"], ["emailable_state"]],
  fields: {
    email: ADDRESS_NAMES,
    status: ["emailable_state", "state"],
    reason: ["emailable_reason", "reason"],
    is_role_based: ["role"],
    is_disposable: ["disposable"],
    is_catchall: ["accept_all"],
    domain_name: ["domain"],
    host_name: ["mx_record"],
    server_type: ["smtp_provider"],
  },
  words: {
    deliverable: "valid",
    undeliverable: "invalid",
    risky: "risky",
    unknown: "unknown",
    duplicate: "unknown",
  },
  reasons: { invalid_email: { state: "invalid_syntax" } },
};

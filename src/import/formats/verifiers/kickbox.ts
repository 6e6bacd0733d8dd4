import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://docs.kickbox.com/docs/single-verification-api and https://docs.kickbox.com/docs/batch-verification-api. */
export const kickbox: ResultFormat = {
  name: "kickbox",
  title: "Kickbox",
  signatures: [["result", "sendex"], ["result", "reason"], ["kickbox_result"]],
  fields: {
    email: ADDRESS_NAMES,
    status: ["kickbox_result", "result"],
    reason: ["kickbox_reason", "reason"],
    is_role_based: ["role"],
    is_disposable: ["disposable"],
    is_catchall: ["accept_all"],
    domain_name: ["domain"],
  },
  words: { deliverable: "valid", undeliverable: "invalid", risky: "risky", unknown: "unknown" },
  reasons: { invalid_email: { state: "invalid_syntax" } },
};

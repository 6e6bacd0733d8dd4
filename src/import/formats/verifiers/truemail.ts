import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://truemail-rb.org/truemail-rack and the JSON in the README of truemail-rb/truemail-rack. */
export const truemail: ResultFormat = {
  name: "truemail",
  title: "truemail",
  signatures: [["success", "validation_type"]],
  fields: {
    email: ADDRESS_NAMES,
    status: ["success"],
    status_detail: ["validation_type"],
    reason: [
      "errors_regex",
      "errors_domain_list_match",
      "errors_list_match",
      "errors_mx",
      "errors_mx_blacklist",
      "errors_smtp",
      "errors",
    ],
    validated_at: ["date"],
  },
  words: {
    true_smtp: "valid",
    true_whitelist: "valid",
    // Without SMTP only the syntax or the domain was checked.
    true_regex: "unknown",
    true_mx: "unknown",
    true_mx_blacklist: "unknown",
    false_regex: "invalid_syntax",
    false_mx: "invalid",
    false_mx_blacklist: "invalid",
    false_smtp: "invalid",
    false_blacklist: "invalid",
    false_whitelist: "invalid",
    false_domain_list_match: "invalid",
  },
};

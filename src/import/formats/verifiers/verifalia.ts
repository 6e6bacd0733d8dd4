import { ADDRESS_NAMES, type ReasonMeaning, type ResultFormat } from "../result-format.ts";

const SYNTAX_FAILURES = [
  "at_sign_not_found",
  "domain_part_compliancy_failure",
  "double_dot_sequence",
  "invalid_address_length",
  "invalid_character_in_sequence",
  "invalid_empty_quoted_word",
  "invalid_folding_white_space_sequence",
  "invalid_local_part_length",
  "invalid_word_boundary_start",
  "isp_specific_syntax_failure",
  "unacceptable_domain_literal",
  "unbalanced_comment_parenthesis",
  "unexpected_quoted_pair_sequence",
  "unmatched_quoted_pair",
];

const syntaxMeanings: Record<string, ReasonMeaning> = Object.fromEntries(
  SYNTAX_FAILURES.map((status) => [status, { state: "invalid_syntax" }]),
);

/**
 * https://verifalia.com/help/email-validations/what-information-does-the-validation-report-contain, and the status codes in
 * verifalia/verifalia-ruby-sdk. Reports before version 2 have `ResultStatus` and no classification.
 */
export const verifalia: ResultFormat = {
  name: "verifalia",
  title: "Verifalia",
  signatures: [["classification", "status"], ["input_data", "status"], ["result_status"]],
  fields: {
    email: ["input_data", "email_address", "result_email_address", ...ADDRESS_NAMES],
    status: ["classification", "result_status", "status"],
    reason: ["status", "result_status"],
    is_role_based: ["is_role_account", "result_is_role_account"],
    is_disposable: ["is_disposable_email_address", "result_is_disposable_email_address"],
    is_catchall: ["is_catch_all_failure", "result_is_catch_all_failure"],
    domain_name: [
      "ascii_email_address_domain_part",
      "email_address_domain_part",
      "result_ascii_email_address_domain_part",
      "result_email_address_domain_part",
    ],
    validated_at: ["completed_on"],
  },
  words: {
    deliverable: "valid",
    undeliverable: "invalid",
    risky: "risky",
    unknown: "unknown",
    success: "valid",
    ...Object.fromEntries(SYNTAX_FAILURES.map((status) => [status, "invalid_syntax"])),
    domain_does_not_exist: "invalid",
    domain_has_null_mx: "invalid",
    domain_is_misconfigured: "invalid",
    mailbox_does_not_exist: "invalid",
    mail_exchanger_is_honeypot: "invalid",
    mail_exchanger_is_parked: "invalid",
    domain_is_well_known_dea: "disposable_domain",
    mailbox_is_dea: "disposable_domain",
    mail_exchanger_is_well_known_dea: "disposable_domain",
    server_is_catch_all: "catchall",
    ...Object.fromEntries(
      [
        "catch_all_connection_failure",
        "catch_all_validation_timeout",
        "dns_connection_failure",
        "dns_query_timeout",
        "duplicate",
        "local_end_point_rejected",
        "local_part_is_well_known_role_account",
        "local_sender_address_rejected",
        "mailbox_connection_failure",
        "mailbox_has_insufficient_storage",
        "mailbox_temporarily_unavailable",
        "mailbox_validation_timeout",
        "override_match",
        "server_does_not_support_international_mailboxes",
        "server_temporary_unavailable",
        "smtp_connection_failure",
        "smtp_connection_timeout",
        "smtp_dialog_error",
        "unhandled_exception",
      ].map((status) => [status, "unknown"]),
    ),
  },
  reasons: {
    ...syntaxMeanings,
    domain_is_well_known_dea: { state: "disposable_domain" },
    mailbox_is_dea: { state: "disposable_domain" },
    mail_exchanger_is_well_known_dea: { state: "disposable_domain" },
    server_is_catch_all: { is_catchall: true },
    local_part_is_well_known_role_account: { is_role_based: true },
  },
};

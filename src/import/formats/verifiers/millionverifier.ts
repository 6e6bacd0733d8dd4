import { ADDRESS_NAMES, type ResultFormat } from "../result-format.ts";

/** https://developer.millionverifier.com (`result`, `quality`, `subresult`). */
export const millionverifier: ResultFormat = {
  name: "millionverifier",
  title: "MillionVerifier",
  signatures: [
    ["quality", "result"],
    ["result", "resultcode"],
    ["result", "subresult"],
  ],
  fields: {
    email: ADDRESS_NAMES,
    status: ["result", "resultcode"],
    reason: ["subresult"],
    is_role_based: ["role"],
  },
  words: {
    ok: "valid",
    catch_all: "catchall",
    unknown: "unknown",
    error: "unknown",
    unverified: "unknown",
    disposable: "disposable_domain",
    invalid: "invalid",
    "1": "valid",
    "2": "catchall",
    "3": "unknown",
    "4": "unknown",
    "5": "disposable_domain",
    "6": "invalid",
  },
  reasons: { syntax_error: { state: "invalid_syntax" }, bad_syntax: { state: "invalid_syntax" } },
};

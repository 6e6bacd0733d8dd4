import { Failure } from "../errors.ts";

/** The causes of a 401 in the log, which `docs/operating.md` explains. */
export const CREDENTIAL_FAULTS = [
  "missing",
  "too_many",
  "different_users",
  "malformed",
  "unknown_key",
  "expired_key",
  "revoked_key",
  "tokens_are_off",
  "unsupported_algorithm",
  "unknown_signing_key",
  "wrong_signature",
  "expired_token",
  "token_not_valid_yet",
  "wrong_issuer",
  "wrong_audience",
  "wrong_claim",
  "wrong_metrics_token",
] as const;

export type CredentialFault = (typeof CREDENTIAL_FAULTS)[number];

/** A credential that was refused. Callers receive the same response for every fault. */
export class Unauthenticated extends Failure {
  constructor(readonly fault: CredentialFault) {
    super("UNAUTHENTICATED");
  }
}

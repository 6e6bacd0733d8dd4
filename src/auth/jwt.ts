import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import { Failure } from "../errors.ts";
import { isUuid } from "../values/uuid.ts";
import type { CredentialFault } from "./credential-fault.ts";
import { createKeyLookup } from "./key-server.ts";
import type { Viewer } from "./viewer.ts";

export interface JwtConfig {
  readonly secret: string | null;
  readonly jwksUrl: URL | null;
  readonly issuer: string | null;
  readonly audience: string | null;
}

const CLOCK_LEEWAY_SECONDS = 30;
/** No legitimate token is longer, and parsing a token of this length is cheap. */
const MAX_TOKEN_LENGTH = 8192;

export type VerifyJwt = (token: string) => Promise<Viewer | CredentialFault>;

/**
 * The verifier returns the viewer of a token, or why the token is invalid. It fails as UNAVAILABLE if the key server does not
 * respond, because the token may be valid.
 */
export function createJwtVerifier(config: JwtConfig): VerifyJwt {
  const secret = config.secret === null ? null : new TextEncoder().encode(config.secret);
  const findKey = config.jwksUrl === null ? null : createKeyLookup(config.jwksUrl);
  const expected = {
    requiredClaims: ["exp", "sub"],
    clockTolerance: CLOCK_LEEWAY_SECONDS,
    ...(config.issuer === null ? {} : { issuer: config.issuer }),
    ...(config.audience === null ? {} : { audience: config.audience }),
  };

  /** The algorithm decides which key is used, so that a token cannot use a public key as an HMAC secret. */
  async function verify(token: string): Promise<JWTPayload | CredentialFault> {
    const { alg } = decodeProtectedHeader(token);
    if (secret !== null && alg === "HS256") {
      return (await jwtVerify(token, secret, { ...expected, algorithms: ["HS256"] })).payload;
    }
    if (findKey !== null && (alg === "RS256" || alg === "ES256")) {
      return (await jwtVerify(token, findKey, { ...expected, algorithms: [alg] })).payload;
    }
    return "unsupported_algorithm";
  }

  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH || !isCanonical(token)) return "malformed";
    if (secret === null && findKey === null) return "tokens_are_off";
    try {
      const claims = await verify(token);
      return typeof claims === "string" ? claims : viewerOfClaims(claims);
    } catch (error) {
      if (error instanceof Failure) throw error;
      return faultOfError(error);
    }
  };
}

const FAULT_BY_CODE: Readonly<Record<string, CredentialFault>> = {
  ERR_JWT_EXPIRED: "expired_token",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "wrong_claim",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "wrong_signature",
  ERR_JWKS_NO_MATCHING_KEY: "unknown_signing_key",
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: "unknown_signing_key",
  ERR_JOSE_ALG_NOT_ALLOWED: "unsupported_algorithm",
};
const FAULT_BY_CLAIM: Readonly<Record<string, CredentialFault>> = {
  nbf: "token_not_valid_yet",
  iss: "wrong_issuer",
  aud: "wrong_audience",
};

/** Any other error means that the token is invalid: jose also throws a TypeError for a malformed token. */
function faultOfError(error: unknown): CredentialFault {
  const byClaim = error instanceof errors.JWTClaimValidationFailed ? FAULT_BY_CLAIM[error.claim] : undefined;
  const byCode = error instanceof errors.JOSEError ? FAULT_BY_CODE[error.code] : undefined;
  return byClaim ?? byCode ?? "malformed";
}

/** RFC 7515 section 2 allows only base64url without padding. jose also accepts other encodings, and each would count as another credential. */
function isCanonical(token: string): boolean {
  const parts = token.split(".");
  return parts.length === 3 && parts.every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

function viewerOfClaims(claims: JWTPayload): Viewer | CredentialFault {
  if (typeof claims.sub !== "string" || !isUuid(claims.sub)) return "wrong_claim";
  return {
    userId: claims.sub.toLowerCase(),
    isAdmin: claims.role === "admin" || roleOfAppMetadata(claims) === "admin",
  };
}

/** Supabase puts the role into `app_metadata`. */
function roleOfAppMetadata(claims: JWTPayload): unknown {
  const metadata = claims.app_metadata;
  return typeof metadata === "object" && metadata !== null && "role" in metadata ? metadata.role : undefined;
}

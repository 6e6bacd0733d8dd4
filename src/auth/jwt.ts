import { createRemoteJWKSet, customFetch, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import { Failure } from "../errors.ts";
import { isUuid } from "../values/uuid.ts";
import type { CredentialFault } from "./credential-fault.ts";
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

/** Leaves time to respond within the two seconds of the default request timeout. */
const KEY_SERVER_TIMEOUT_MS = 1500;
/** jose itself pauses only after a success. */
const PAUSE_AFTER_FAILURE_MS = 3000;

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

/**
 * Finds the key of a token. After a failure, only tokens whose key is cached are verified for a while, so that the key server
 * is called rarely, and requests do not wait for its timeout one after another.
 */
function createKeyLookup(url: URL) {
  let failure: unknown = null;
  let pausedUntil = 0;
  const isPaused = () => performance.now() < pausedUntil;
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: KEY_SERVER_TIMEOUT_MS,
    [customFetch]: (...request) => (isPaused() ? Promise.reject(failure) : fetch(...request)),
  });
  return async (...[header, token]: Parameters<typeof keys>) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (isInvalidKey(error)) throw new Failure("UNAVAILABLE", { cause: keyServerError(error) });
      if (!isPaused()) {
        failure = keyServerError(error);
        pausedUntil = performance.now() + PAUSE_AFTER_FAILURE_MS;
      }
      throw new Failure("UNAVAILABLE", { cause: failure });
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

const TEXT_BY_CODE: Readonly<Record<string, string>> = {
  ERR_JOSE_GENERIC: "did not answer with the status 200 and JSON",
  ERR_JWKS_INVALID: "did not answer with a JSON Web Key Set",
  ERR_JWKS_TIMEOUT: "did not answer in time",
};

/** The error of Web Crypto for a key without a modulus, or with a point that is not on the curve. The key server has answered. */
function isInvalidKey(error: unknown): boolean {
  return error instanceof DOMException;
}

/** An error with a message for the log. An error of the network keeps its code and address. */
function keyServerError(error: unknown): unknown {
  const text = error instanceof errors.JOSEError ? TEXT_BY_CODE[error.code] : undefined;
  const fault = isInvalidKey(error) ? "has an invalid key" : text;
  return fault === undefined
    ? error
    : Object.assign(new Error(`JWT_JWKS_URL ${fault}`), { code: "UNUSABLE_KEY_SERVER" });
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

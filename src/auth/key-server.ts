import { type CryptoKey, createLocalJWKSet, errors, type LocalJWKSet } from "jose";
import { Failure } from "../errors.ts";

/** Leaves time to respond within the two seconds of the default request timeout. */
const TIMEOUT_MS = 1500;
const MAX_AGE_MS = 600_000;
/** For this long after a fetch, an unknown key id causes no other fetch. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;
const PAUSE_AFTER_FAILURE_MS = 3000;
/** A key set has a few kilobytes. A body without an end would fill the memory within the timeout. */
const MAX_BODY_BYTES = 1024 * 1024;
/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

interface FetchedKeys {
  readonly findKey: LocalJWKSet;
  /** In `performance.now()`, because a clock that is set back would keep removed keys. */
  readonly fetchedAt: number;
}

/**
 * Finds the key of a token among the keys at a URL. After a failure of the key server, only tokens whose key is cached are
 * verified for a while, so that it is called rarely. The remote key set of jose has no such pause, and trusts the clock.
 */
export function createKeyLookup(url: URL) {
  let keys: FetchedKeys | null = null;
  let fetching: Promise<FetchedKeys> | null = null;
  let failure: Failure | null = null;
  let pausedUntil = 0;

  async function fetchAgain(): Promise<FetchedKeys> {
    if (failure !== null && performance.now() < pausedUntil) throw failure;
    fetching ??= fetchKeys(url).finally(() => {
      fetching = null;
    });
    try {
      keys = await fetching;
      return keys;
    } catch (cause) {
      if (performance.now() >= pausedUntil) {
        failure = new Failure("UNAVAILABLE", { cause });
        pausedUntil = performance.now() + PAUSE_AFTER_FAILURE_MS;
      }
      throw failure;
    }
  }

  return async (...[header, token]: Parameters<LocalJWKSet>): Promise<CryptoKey> => {
    const current = isYoungerThan(keys, MAX_AGE_MS) ? keys : await fetchAgain();
    try {
      return await findUsableKey(() => current.findKey(header, token));
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || isYoungerThan(current, UNKNOWN_KEY_PAUSE_MS)) throw error;
      const { findKey } = await fetchAgain();
      return await findUsableKey(() => findKey(header, token));
    }
  };
}

function isYoungerThan(keys: FetchedKeys | null, ms: number): keys is FetchedKeys {
  return keys !== null && performance.now() < keys.fetchedAt + ms;
}

async function fetchKeys(url: URL): Promise<FetchedKeys> {
  const body = await readJson(url);
  const given = (body as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(given)) throw unusable("did not answer with a JSON Web Key Set");
  // jose refuses a set with any other member as a whole, although RFC 7517, section 5, advises to ignore it.
  const keys = given.filter((key) => typeof key === "object" && key !== null && !Array.isArray(key));
  return { findKey: createLocalJWKSet({ keys }), fetchedAt: performance.now() };
}

async function readJson(url: URL): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = { Accept: "application/json, application/jwk-set+json" };
  try {
    const response = await fetch(url, { headers, redirect: "manual", signal });
    if (response.status === 200) return JSON.parse(await readText(response));
  } catch (error) {
    if (signal.aborted) throw unusable("did not answer in time");
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw unusable("did not answer with the status 200 and JSON");
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw unusable(`answered with more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/**
 * Fails as UNAVAILABLE for a key that cannot be used, and ignores such a key beside a usable one. The key server is not called
 * again for it, because it has answered.
 */
async function findUsableKey(find: () => Promise<CryptoKey>): Promise<CryptoKey> {
  try {
    return checkLength(await find());
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) throw error;
    if (error instanceof errors.JWKSMultipleMatchingKeys) return await onlyUsableKey(error);
    // Web Crypto throws a DOMException for a key without a modulus, or with a point that is not on the curve.
    const fault = error instanceof errors.JWKSInvalid ? "has a private key" : "has an invalid key";
    throw new Failure("UNAVAILABLE", { cause: unusable(fault) });
  }
}

async function onlyUsableKey(ambiguous: errors.JWKSMultipleMatchingKeys): Promise<CryptoKey> {
  const keys: CryptoKey[] = [];
  for await (const key of ambiguous) if (isLongEnough(key)) keys.push(key);
  const [key, ...others] = keys;
  if (key === undefined) throw new Failure("UNAVAILABLE", { cause: unusable("has only unusable keys for a token") });
  if (others.length > 0) throw ambiguous;
  return key;
}

function checkLength(key: CryptoKey): CryptoKey {
  if (!isLongEnough(key)) throw new RangeError("The RSA key is too short");
  return key;
}

/** jose would report a short key as a fault of the token. */
function isLongEnough({ algorithm }: CryptoKey): boolean {
  return !("modulusLength" in algorithm) || Number(algorithm.modulusLength) >= MIN_RSA_BITS;
}

/** An error whose message the log may contain. An error of the network keeps its code and address instead. */
function unusable(fault: string): Error {
  return Object.assign(new Error(`JWT_JWKS_URL ${fault}`), { code: "UNUSABLE_KEY_SERVER" });
}

import { createHmac } from "node:crypto";
import fc from "fast-check";
import { JWT_SECRET, userId, VIEWERS } from "./data.mjs";
import { hostileText } from "./hostile-values.mjs";

const FAR_FUTURE_S = 4_102_444_800;
const LONG_AGO_S = 1_577_836_800;

const encoded = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/**
 * @param {unknown} claims
 * @param {{ header?: unknown, secret?: string, signature?: string }} [options]
 */
function jwt(claims, { header = { alg: "HS256" }, secret = JWT_SECRET, signature } = {}) {
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${signature ?? createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const claimsOf = ({ user, isAdmin }) => ({
  sub: userId(user),
  exp: FAR_FUTURE_S,
  ...(isAdmin ? { app_metadata: { role: "admin" } } : {}),
});

/** Tokens that name the admin and must be rejected. */
function badTokens() {
  const good = claimsOf(VIEWERS.admin);
  const key = { kty: "oct", k: encoded("attacker") };
  return [
    jwt(good, { header: { alg: "none" }, signature: "" }),
    jwt(good, { header: { alg: "NoNe" } }),
    jwt(good, { secret: "attacker" }),
    jwt(good, { header: { alg: "HS256", jwk: key }, secret: "attacker" }),
    jwt(good, { header: { alg: "HS256", kid: "../../../../dev/null" }, secret: "" }),
    jwt(good, { header: { alg: "HS512" } }),
    jwt(good, { header: { alg: "RS256" } }),
    jwt(good, { header: { alg: "HS256", crit: ["b64"], b64: false } }),
    jwt(good, { header: { alg: "HS256", crit: ["exp"] } }),
    jwt(good, { header: null }),
    jwt(good, { header: [] }),
    jwt(good, { signature: "" }),
    jwt(null),
    jwt("[]"),
    jwt({ ...good, exp: LONG_AGO_S }),
    jwt({ ...good, exp: undefined }),
    jwt({ ...good, exp: String(FAR_FUTURE_S) }),
    jwt({ ...good, nbf: FAR_FUTURE_S }),
    jwt({ ...good, sub: undefined }),
    jwt({ ...good, sub: "admin" }),
    jwt({ ...good, sub: [userId(VIEWERS.admin.user)] }),
    jwt({ ...good, sub: `{${userId(VIEWERS.admin.user)}}` }),
    `${jwt(good)}x`,
    `${jwt(good)}.`,
    `${encoded({ alg: "HS256" })}..`,
    "..",
    "a.b.c",
  ];
}

/**
 * The header lines with the credentials of a request, and the viewer that the server must derive from them. Valid are one good
 * credential or two of the same viewer; otherwise the viewer is null.
 */
export function credentialArbitrary(keys) {
  const goodKeys = Object.entries(VIEWERS).map(([name, viewer]) => ({ viewer, key: keys[name] }));
  const goodTokens = Object.values(VIEWERS).map((viewer) => ({ viewer, key: jwt(claimsOf(viewer)) }));
  const badKeys = [
    keys.revoked,
    keys.expired,
    `${keys.owner}A`,
    keys.admin.slice(0, -1),
    keys.admin.toUpperCase(),
    `${keys.owner}, ${keys.owner}`,
    `tj_${"a".repeat(43)}`,
    `tj_${"a".repeat(200)}`,
    "tj_",
    "tj_' or true --",
    "null",
    "",
  ];
  const scheme = fc.constantFrom("Bearer ", "bearer ", "BEARER  ");
  const headerName = (...names) => fc.constantFrom(...names);

  const bearer = (credentials) =>
    fc
      .tuple(headerName("Authorization", "authorization", "AUTHORIZATION"), scheme, fc.constantFrom(...credentials))
      .map(([name, before, { viewer, key }]) => ({ name, value: before + key, viewer }));
  const keyHeader = (/** @type {fc.Arbitrary<any>} */ values, viewerOf) =>
    fc
      .tuple(headerName("X-API-Key", "x-api-key"), values)
      .map(([name, credential]) => ({ name, value: credential.key ?? credential, viewer: viewerOf(credential) }));

  const noViewer = () => null;
  const badSecret = fc.oneof(
    fc.constantFrom(...badKeys, ...badTokens()),
    hostileText.map((text) =>
      Buffer.from(text)
        .toString("latin1")
        .replace(/[^\t\x20-\x7e\x80-\xff]/g, "?"),
    ),
  );
  const good = fc.oneof(
    { weight: 4, arbitrary: bearer(goodKeys) },
    { weight: 2, arbitrary: bearer(goodTokens) },
    { weight: 2, arbitrary: keyHeader(fc.constantFrom(...goodKeys), ({ viewer }) => viewer) },
  );
  const bad = fc.oneof(
    fc
      .tuple(scheme, badSecret)
      .map(([before, value]) => ({ name: "Authorization", value: before + value, viewer: null })),
    keyHeader(badSecret, noViewer),
    // A JWT is not an API key, and an API key without `Bearer` or in another scheme is not a bearer token.
    keyHeader(fc.constantFrom(...goodTokens), noViewer),
    fc
      .constantFrom(
        keys.admin,
        `Basic ${keys.admin}`,
        `Bearer${keys.admin}`,
        `Bearer ${keys.admin} x`,
        `Token ${keys.admin}`,
      )
      .map((value) => ({ name: "Authorization", value, viewer: null })),
  );
  const lines = fc.oneof(
    { weight: 78, arbitrary: good.map((line) => [line]) },
    { weight: 10, arbitrary: bad.map((line) => [line]) },
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 6, arbitrary: fc.tuple(good, good) },
    { weight: 3, arbitrary: fc.tuple(good, bad) },
    { weight: 1, arbitrary: fc.tuple(good, good, good) },
  );
  return lines.map((credentials) => ({
    headers: credentials.map(({ name, value }) => [name, value]),
    viewer: viewerOf(credentials.map(({ viewer }) => viewer)),
  }));
}

function viewerOf(viewers) {
  const [first = null] = viewers;
  const isOne = viewers.length <= 2 && viewers.every((viewer) => viewer === first);
  return isOne ? first : null;
}

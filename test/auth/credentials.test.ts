import { createHmac, randomUUID } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aTask } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const SECRET = "a secret of this test, long enough for HS256";
const ISSUER = "https://issuer.example";
const AUDIENCE = "task-jobs";

let server: TestServer;
let keyServer: http.Server;
let rsa: Awaited<ReturnType<typeof generateKeyPair>>;
let ec: Awaited<ReturnType<typeof generateKeyPair>>;
let userId: string;
let path: string;

const keyServerUrl = () => `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys`;

beforeAll(async () => {
  rsa = await generateKeyPair("RS256", { extractable: true });
  ec = await generateKeyPair("ES256", { extractable: true });
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: "rsa", alg: "RS256", use: "sig" },
    { ...(await exportJWK(ec.publicKey)), kid: "ec", alg: "ES256", use: "sig" },
  ];
  keyServer = http.createServer((_request, response) => {
    response.setHeader("Content-Type", "application/json").end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
  server = await startTestServer({
    environment: {
      JWT_SECRET: SECRET,
      JWT_JWKS_URL: keyServerUrl(),
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      TRUST_PROXY_HOPS: "1",
    },
  });
  userId = randomUUID();
  path = `/api/v1/tasks/${await aTask(server.sql, { user_id: userId })}/jobs`;
});
afterAll(async () => {
  await server.close();
  keyServer.close();
});

const now = () => Math.floor(Date.now() / 1000);
const goodClaims = (): JWTPayload => ({ sub: userId, iss: ISSUER, aud: AUDIENCE, exp: now() + 600 });
const hs256 = (claims: JWTPayload, header: object = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header }).sign(new TextEncoder().encode(SECRET));

let addresses = 0;
/** Each request has an address of its own, because repeated 401 responses to one address are delayed. */
function statusWith(headers: Record<string, string>, target = path): Promise<number> {
  addresses += 1;
  const forwarded = { "X-Forwarded-For": `192.0.2.${addresses}` };
  return fetch(server.url + target, { headers: { ...headers, ...forwarded } }).then(({ status }) => status);
}
const statusOfToken = async (token: string) => statusWith({ Authorization: `Bearer ${token}` });

describe("another encoding of a valid token", () => {
  test.each<[string, (token: string) => string]>([
    ["padding", (token) => `${token}=`],
    ["two padding characters", (token) => `${token}==`],
    ["padding of the claims", (token) => token.replace(/\.([^.]+)$/, "=.$1")],
    ["the alphabet of base64", (token) => token.replace(/[-_]/, (letter) => (letter === "-" ? "+" : "/"))],
    [
      "another last letter that decodes to the same bytes",
      (token) => token.slice(0, -1) + nextLetter(token.at(-1) ?? ""),
    ],
    ["a fourth part", (token) => `${token}.`],
  ])("a valid token in an encoding with %s is 401", async (_name, respelled) => {
    const token = await hs256(goodClaims());
    expect(await statusOfToken(token)).toBe(200);
    const other = respelled(token);
    if (other !== token) expect(await statusOfToken(other)).toBe(401);
  });

  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  /** The last base64url letter of 32 bytes has two unused bits, so other letters decode to the same bytes. */
  const nextLetter = (letter: string) => LETTERS[LETTERS.indexOf(letter) + 1] ?? "";
});

describe("a valid token", () => {
  test("a token signed with the shared secret can read only the tasks of its user", async () => {
    expect(await statusOfToken(await hs256(goodClaims()))).toBe(200);
    expect(await statusOfToken(await hs256({ ...goodClaims(), sub: userId.toUpperCase() }))).toBe(200);
    expect(await statusOfToken(await hs256({ ...goodClaims(), sub: randomUUID() }))).toBe(404);
  });

  test.each([
    ["role", { role: "admin" }],
    ["app_metadata.role", { app_metadata: { role: "admin" } }],
  ])("a token whose %s is admin can read every task", async (_claim, claims) => {
    expect(await statusOfToken(await hs256({ ...goodClaims(), ...claims, sub: randomUUID() }))).toBe(200);
  });

  test.each([{ role: "Admin" }, { role: ["admin"] }, { user_metadata: { role: "admin" } }, { app_metadata: "admin" }])(
    "a token with %o does not belong to an admin",
    async (claims) => {
      expect(await statusOfToken(await hs256({ ...goodClaims(), ...claims, sub: randomUUID() }))).toBe(404);
    },
  );

  test("tokens signed with RSA and EC keys of the key server are accepted", async () => {
    const rs = await new SignJWT(goodClaims()).setProtectedHeader({ alg: "RS256", kid: "rsa" }).sign(rsa.privateKey);
    const es = await new SignJWT(goodClaims()).setProtectedHeader({ alg: "ES256", kid: "ec" }).sign(ec.privateKey);
    expect([await statusOfToken(rs), await statusOfToken(es)]).toEqual([200, 200]);
  });
});

describe("an invalid credential", () => {
  const wrongClaims: [string, () => { [claim in keyof JWTPayload]?: unknown }][] = [
    ["exp more than a minute in the past", () => ({ exp: now() - 61 })],
    ["no exp", () => ({ exp: undefined })],
    ["exp as text", () => ({ exp: "9999999999" })],
    ["nbf more than a minute in the future", () => ({ nbf: now() + 65 })],
    ["a wrong issuer", () => ({ iss: "https://other.example" })],
    ["a wrong audience", () => ({ aud: "other" })],
    ["no sub", () => ({ sub: undefined })],
    ["a sub that is not a UUID", () => ({ sub: "admin" })],
  ];
  test.each(wrongClaims)("a token with %s is 401", async (_what, claims) => {
    expect(await statusOfToken(await hs256({ ...goodClaims(), ...claims() } as JWTPayload))).toBe(401);
  });

  test("a token with alg none in upper or lower case is 401", async () => {
    const none = new UnsecuredJWT(goodClaims()).encode();
    const [, payload] = none.split(".");
    const spelled = (alg: string) => `${Buffer.from(JSON.stringify({ alg })).toString("base64url")}.${payload}.`;
    for (const token of [none, spelled("None"), spelled("NONE"), spelled("")]) {
      expect(await statusOfToken(token)).toBe(401);
    }
  });

  test("a token whose HMAC uses the public key is 401", async () => {
    const pem = await exportSPKI(rsa.publicKey);
    for (const [alg, kid] of [
      ["HS256", "rsa"],
      ["RS256", "rsa"],
    ]) {
      const head = Buffer.from(JSON.stringify({ alg, kid })).toString("base64url");
      const body = Buffer.from(JSON.stringify(goodClaims())).toString("base64url");
      const forged = createHmac("sha256", pem).update(`${head}.${body}`).digest("base64url");
      expect(await statusOfToken(`${head}.${body}.${forged}`)).toBe(401);
    }
  });

  test("a token with another algorithm is 401 even if it uses the right secret", async () => {
    const hs512 = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: "HS512" })
      .sign(new TextEncoder().encode(SECRET.repeat(2)));
    expect(await statusOfToken(hs512)).toBe(401);
  });

  test("a token that brings its own key in the header is 401", async () => {
    const attacker = await generateKeyPair("RS256", { extractable: true });
    const jwk = await exportJWK(attacker.publicKey);
    for (const header of [{ jwk }, { jku: "http://127.0.0.1:1/keys" }, { x5u: "http://127.0.0.1:1/x" }]) {
      const token = await new SignJWT(goodClaims())
        .setProtectedHeader({ alg: "RS256", kid: "rsa", ...header })
        .sign(attacker.privateKey);
      expect(await statusOfToken(token)).toBe(401);
    }
  });

  test.each(["../../../dev/null", "' or '1'='1", "a".repeat(4000), "\u0000", ""])(
    "a token with the key id %j is 401",
    async (kid) => {
      const token = await new SignJWT(goodClaims()).setProtectedHeader({ alg: "RS256", kid }).sign(rsa.privateKey);
      expect(await statusOfToken(token)).toBe(401);
    },
  );

  test("a token with an unencoded payload is 401", async () => {
    const head = Buffer.from(JSON.stringify({ alg: "HS256", crit: ["b64"], b64: false })).toString("base64url");
    const body = Buffer.from(JSON.stringify(goodClaims())).toString("base64url");
    const signature = createHmac("sha256", SECRET).update(`${head}.${body}`).digest("base64url");
    expect(await statusOfToken(`${head}.${body}.${signature}`)).toBe(401);
  });

  test.each(["a.b.c", "..", "Bearer", "e30.e30.e30", "x".repeat(7000), "tj_short", `tj_${"é".repeat(40)}`])(
    "the malformed token %.20s is 401",
    async (token) => {
      const encoded = Buffer.from(token).toString("latin1");
      expect(await statusWith({ Authorization: `Bearer ${encoded}` })).toBe(401);
      expect(await statusWith({ "X-API-Key": encoded })).toBe(401);
    },
  );

  test("a credential in the URL, in a cookie or in another scheme is 401", async () => {
    const { key, userId } = await server.as();
    const target = `/api/v1/tasks/${await aTask(server.sql, { user_id: userId })}/jobs`;
    expect(await statusWith({}, `${target}?api_key=${key}&access_token=${key}`)).toBe(401);
    expect(await statusWith({ Cookie: `token=${key}` }, target)).toBe(401);
    expect(await statusWith({ Authorization: key }, target)).toBe(401);
    expect(await statusWith({ Authorization: `Token ${key}` }, target)).toBe(401);
    expect(await statusWith({ Authorization: `bearer ${key}` }, target)).toBe(200);
    expect(await statusWith({ "X-API-Key": key }, target)).toBe(200);
  });
});

test("a token is 503 and not 401 if the key server cannot be reached", async () => {
  const down = await startTestServer({ environment: { JWT_JWKS_URL: "http://127.0.0.1:9/keys" } });
  try {
    const token = await new SignJWT(goodClaims()).setProtectedHeader({ alg: "RS256", kid: "rsa" }).sign(rsa.privateKey);
    const response = await fetch(down.url + path, { headers: { Authorization: `Bearer ${token}` } });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  } finally {
    await down.close();
  }
});

describe("two credentials in one request", () => {
  test("two credentials of one viewer are accepted, and credentials of two viewers are 401", async () => {
    const one = await server.as({ userId });
    const same = await server.as({ userId });
    const other = await server.as();
    const adminToo = await server.as({ userId, isAdmin: true });
    const token = await hs256(goodClaims());
    const both = (authorization: string, key: string) =>
      statusWith({ Authorization: `Bearer ${authorization}`, "X-API-Key": key });
    expect(await both(one.key, same.key)).toBe(200);
    expect(await both(token, one.key)).toBe(200);
    expect(await both(one.key, other.key)).toBe(401);
    expect(await both(token, other.key)).toBe(401);
    expect(await both(token, adminToo.key)).toBe(401);
    expect(await both(one.key, "nonsense")).toBe(401);
    expect(await both("nonsense", one.key)).toBe(401);
  });

  test("two lines of one header are two credentials", async () => {
    const one = await server.as({ userId });
    const other = await server.as();
    const status = (lines: string[]) =>
      new Promise<number | undefined>((resolve) => {
        const headers = ["Host", "localhost", ...lines];
        http.get(server.url + path, { headers }, (response) => resolve(response.resume().statusCode));
      });
    expect(await status(["X-API-Key", one.key, "X-API-Key", other.key])).toBe(401);
    expect(await status(["Authorization", `Bearer ${one.key}`, "Authorization", `Bearer ${other.key}`])).toBe(401);
    expect(await status(["X-API-Key", one.key, "X-API-Key", one.key])).toBe(200);
  });
});

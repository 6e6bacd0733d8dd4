import { createHmac, randomUUID } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newApiKey } from "../../src/auth/api-key.ts";
import { aTask } from "../support/builders.ts";
import { startTestServer, type TestServer } from "../support/test-server.ts";

const SECRET = "a secret of this test, long enough for HS256";
const ISSUER = "https://issuer.example";
const AUDIENCE = "task-jobs";

let server: TestServer;
let keyServer: http.Server;
let keyRequests = 0;
let rsa: Awaited<ReturnType<typeof generateKeyPair>>;
let ec: Awaited<ReturnType<typeof generateKeyPair>>;
let userId: string;
let path: string;

beforeAll(async () => {
  rsa = await generateKeyPair("RS256", { extractable: true });
  ec = await generateKeyPair("ES256", { extractable: true });
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: "rsa", alg: "RS256", use: "sig" },
    { ...(await exportJWK(ec.publicKey)), kid: "ec", alg: "ES256", use: "sig" },
  ];
  keyServer = http.createServer((_request, response) => {
    keyRequests += 1;
    response.setHeader("Content-Type", "application/json").end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
  server = await startTestServer({
    environment: {
      JWT_SECRET: SECRET,
      JWT_JWKS_URL: `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys`,
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
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

const statusWith = async (headers: Record<string, string>, target = path) =>
  (await fetch(server.url + target, { headers })).status;
const statusOfToken = async (token: string) => statusWith({ Authorization: `Bearer ${token}` });

describe("another encoding of a valid token is 401", () => {
  test.each<[string, (token: string) => string]>([
    ["padding", (token) => `${token}=`],
    ["two signs of padding", (token) => `${token}==`],
    ["padding of the claims", (token) => token.replace(/\.([^.]+)$/, "=.$1")],
    ["the letters of plain base64", (token) => token.replace(/[-_]/, (letter) => (letter === "-" ? "+" : "/"))],
    ["another last letter, of the same bytes", (token) => token.slice(0, -1) + nextLetter(token.at(-1) ?? "")],
    ["a fourth part", (token) => `${token}.`],
  ])("with %s", async (_name, respelled) => {
    const token = await hs256(goodClaims());
    expect(await statusOfToken(token)).toBe(200);
    const other = respelled(token);
    if (other !== token) expect(await statusOfToken(other)).toBe(401);
  });

  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  /** The last base64url letter of 32 bytes has two unused bits, so other letters decode to the same bytes. */
  const nextLetter = (letter: string) => LETTERS[LETTERS.indexOf(letter) + 1] ?? "";
});

describe("a good token", () => {
  test("of the shared secret reads its user's tasks and no others", async () => {
    expect(await statusOfToken(await hs256(goodClaims()))).toBe(200);
    expect(await statusOfToken(await hs256({ ...goodClaims(), sub: userId.toUpperCase() }))).toBe(200);
    expect(await statusOfToken(await hs256({ ...goodClaims(), sub: randomUUID() }))).toBe(404);
  });

  test.each([
    ["role", { role: "admin" }],
    ["app_metadata.role", { app_metadata: { role: "admin" } }],
  ])("whose %s is admin reads every task", async (_claim, claims) => {
    expect(await statusOfToken(await hs256({ ...goodClaims(), ...claims, sub: randomUUID() }))).toBe(200);
  });

  test.each([{ role: "Admin" }, { role: ["admin"] }, { user_metadata: { role: "admin" } }, { app_metadata: "admin" }])(
    "with %o is not an admin's",
    async (claims) => {
      expect(await statusOfToken(await hs256({ ...goodClaims(), ...claims, sub: randomUUID() }))).toBe(404);
    },
  );

  test("of the key server's RSA and EC keys is taken", async () => {
    const rs = await new SignJWT(goodClaims()).setProtectedHeader({ alg: "RS256", kid: "rsa" }).sign(rsa.privateKey);
    const es = await new SignJWT(goodClaims()).setProtectedHeader({ alg: "ES256", kid: "ec" }).sign(ec.privateKey);
    expect([await statusOfToken(rs), await statusOfToken(es)]).toEqual([200, 200]);
  });
});

describe("refused with 401", () => {
  const wrongClaims: [string, { [claim in keyof JWTPayload]?: unknown }][] = [
    ["exp past by more than the minute that clocks may differ", { exp: now() - 61 }],
    ["exp missing", { exp: undefined }],
    ["exp as text", { exp: "9999999999" }],
    ["nbf in the future by more than that minute", { nbf: now() + 65 }],
    ["wrong issuer", { iss: "https://other.example" }],
    ["wrong audience", { aud: "other" }],
    ["sub missing", { sub: undefined }],
    ["sub not a UUID", { sub: "admin" }],
  ];
  test.each(wrongClaims)("%s", async (_what, claims) => {
    expect(await statusOfToken(await hs256({ ...goodClaims(), ...claims } as JWTPayload))).toBe(401);
  });

  test("alg none, in every spelling", async () => {
    const none = new UnsecuredJWT(goodClaims()).encode();
    const [, payload] = none.split(".");
    const spelled = (alg: string) => `${Buffer.from(JSON.stringify({ alg })).toString("base64url")}.${payload}.`;
    for (const token of [none, spelled("None"), spelled("NONE"), spelled("")]) {
      expect(await statusOfToken(token)).toBe(401);
    }
  });

  test("an HMAC made with the public key", async () => {
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

  test("other algorithms, even with the right secret", async () => {
    const hs512 = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: "HS512" })
      .sign(new TextEncoder().encode(SECRET.repeat(2)));
    expect(await statusOfToken(hs512)).toBe(401);
  });

  test("a key brought along in the header", async () => {
    const attacker = await generateKeyPair("RS256", { extractable: true });
    const jwk = await exportJWK(attacker.publicKey);
    for (const header of [{ jwk }, { jku: "http://127.0.0.1:1/keys" }, { x5u: "http://127.0.0.1:1/x" }]) {
      const token = await new SignJWT(goodClaims())
        .setProtectedHeader({ alg: "RS256", kid: "rsa", ...header })
        .sign(attacker.privateKey);
      expect(await statusOfToken(token)).toBe(401);
    }
  });

  test.each(["../../../dev/null", "' or '1'='1", "a".repeat(4000), "\u0000", ""])("the key id %j", async (kid) => {
    const token = await new SignJWT(goodClaims()).setProtectedHeader({ alg: "RS256", kid }).sign(rsa.privateKey);
    expect(await statusOfToken(token)).toBe(401);
  });

  test("unknown critical headers and unencoded payloads", async () => {
    const head = Buffer.from(JSON.stringify({ alg: "HS256", crit: ["b64"], b64: false })).toString("base64url");
    const body = Buffer.from(JSON.stringify(goodClaims())).toString("base64url");
    const signature = createHmac("sha256", SECRET).update(`${head}.${body}`).digest("base64url");
    expect(await statusOfToken(`${head}.${body}.${signature}`)).toBe(401);
  });

  test.each(["a.b.c", "..", "Bearer", "e30.e30.e30", "x".repeat(7000), "tj_short", `tj_${"é".repeat(40)}`])(
    "the token %.20s",
    async (token) => {
      const encoded = Buffer.from(token).toString("latin1");
      expect(await statusWith({ Authorization: `Bearer ${encoded}` })).toBe(401);
      expect(await statusWith({ "X-API-Key": encoded })).toBe(401);
    },
  );

  test("a credential in the URL, in a cookie or in another scheme", async () => {
    const { key, userId } = await server.as();
    const target = `/api/v1/tasks/${await aTask(server.sql, { user_id: userId })}/jobs`;
    expect(await statusWith({}, `${target}?api_key=${key}&access_token=${key}`)).toBe(401);
    expect(await statusWith({ Cookie: `token=${key}` }, target)).toBe(401);
    expect(await statusWith({ Authorization: key }, target)).toBe(401);
    expect(await statusWith({ Authorization: `Token ${key}` }, target)).toBe(401);
    expect(await statusWith({ Authorization: `bearer ${key}` }, target)).toBe(200);
    expect(await statusWith({ "X-API-Key": key }, target)).toBe(200);
  });

  test("a thousand unknown key ids ask the key server once at the most", async () => {
    const token = await new SignJWT(goodClaims())
      .setProtectedHeader({ alg: "RS256", kid: "gone" })
      .sign(rsa.privateKey);
    const before = keyRequests;
    for (let i = 0; i < 20; i++) {
      const statuses = await Promise.all(Array.from({ length: 50 }, () => statusOfToken(token)));
      expect(new Set(statuses)).toEqual(new Set([401]));
    }
    expect(keyRequests - before).toBeLessThanOrEqual(1);
  });
});

test("where the key server cannot be asked the token is not called bad: 503", async () => {
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
  test("of the same viewer are fine, of two are 401", async () => {
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

  test("on two lines of one header count as two", async () => {
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

describe("an API key", () => {
  test("revoked or expired is refused from the next request on, on the same connection", async () => {
    const viewer = await server.as({ userId });
    expect((await viewer.get(path)).status).toBe(200);
    await server.sql`update api_keys set revoked_at = now() where user_id = ${userId}`;
    expect((await viewer.get(path)).status).toBe(401);
    await server.sql`update api_keys set revoked_at = null, expires_at = now() where user_id = ${userId}`;
    expect((await viewer.get(path)).status).toBe(401);
    await server.sql`update api_keys set expires_at = now() + interval '1 hour' where user_id = ${userId}`;
    expect((await viewer.get(path)).status).toBe(200);
  });

  test("is its own viewer's among many that are looked up together", async () => {
    const owners = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const owner = await server.as();
        return { owner, path: `/api/v1/tasks/${await aTask(server.sql, { user_id: owner.userId })}/jobs` };
      }),
    );
    const asked = owners.flatMap(({ owner, path }, index) => {
      const foreign = owners[(index + 1) % owners.length]?.path as string;
      const malformedKey = { Authorization: `Bearer ${owner.key.slice(0, -1)}~` };
      const strangersKey = { Authorization: `Bearer ${newApiKey()}` };
      return [
        owner.get(path).then(({ status }) => [200, status]),
        owner.get(foreign).then(({ status }) => [404, status]),
        statusWith(malformedKey, path).then((status) => [401, status]),
        statusWith(strangersKey, path).then((status) => [401, status]),
      ];
    });
    for (const [expected, status] of await Promise.all(asked)) expect(status).toBe(expected);
  });

  test("is stored nowhere but as a hash", async () => {
    const { key } = await server.as();
    const [{ dump }] = (await server.sql`select string_agg(to_jsonb(k)::text, '') as dump from api_keys k`) as [
      { dump: string },
    ];
    expect(dump).not.toContain(key);
    expect(dump).not.toContain(key.slice(0, 20));
  });
});

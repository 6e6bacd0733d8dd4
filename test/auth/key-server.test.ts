import { randomUUID } from "node:crypto";
import http, { type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { createJwtVerifier } from "../../src/auth/jwt.ts";
import { reasonOf } from "../../src/db/error-reason.ts";

const rsa = await generateKeyPair("RS256", { extractable: true });
const KEYS = JSON.stringify({ keys: [{ ...(await exportJWK(rsa.publicKey)), kid: "rsa", alg: "RS256" }] });

let requests = 0;
let respond = (response: ServerResponse): unknown => response.end(KEYS);
const keyServer = http.createServer((_request, response) => {
  requests += 1;
  respond(response);
});
await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
afterAll(() => {
  keyServer.closeAllConnections();
  keyServer.close();
});
beforeEach(() => {
  requests = 0;
  respond = (response) => response.end(KEYS);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function aVerifier() {
  const jwksUrl = new URL(`http://127.0.0.1:${(keyServer.address() as AddressInfo).port}`);
  return createJwtVerifier({ secret: null, jwksUrl, issuer: null, audience: null });
}

const tokenOf = (kid: string) =>
  new SignJWT({ sub: randomUUID(), exp: Math.floor(Date.now() / 1000) + 3600 })
    .setProtectedHeader({ alg: "RS256", kid })
    .sign(rsa.privateKey);
const [known, unknown] = await Promise.all([tokenOf("rsa"), tokenOf("gone")]);

const outcomeOf = (result: Promise<unknown>) =>
  result.then(
    (viewer) => (typeof viewer === "string" ? 401 : 200),
    (error: { status?: number }) => error.status,
  );

test("a thousand tokens with an unknown key id cause at most one request to the key server", async () => {
  const verifyJwt = aVerifier();
  const viewers = await Promise.all(Array.from({ length: 1000 }, () => verifyJwt(unknown)));
  expect(new Set(viewers)).toEqual(new Set(["unknown_signing_key"]));
  expect(requests).toBe(1);
});

test.each<[string, (response: ServerResponse) => unknown]>([
  ["refuses connections", (response) => response.socket?.destroy()],
  ["answers 500", (response) => response.writeHead(500).end()],
  ["answers no JSON", (response) => response.end("<html>")],
])("a key server that %s is called again only after three seconds, and meanwhile cached keys work", async (_, fail) => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const verifyJwt = aVerifier();
  expect(await outcomeOf(verifyJwt(known))).toBe(200);
  respond = fail;
  // Later than the 30 s in which an unknown key id causes no request.
  vi.advanceTimersByTime(31_000);
  for (let count = 0; count < 20; count += 1) {
    expect(await outcomeOf(verifyJwt(unknown))).toBe(503);
    expect(await outcomeOf(verifyJwt(known))).toBe(200);
  }
  expect(requests).toBe(2);
  respond = (response) => response.end(KEYS);
  vi.advanceTimersByTime(3001);
  expect(await outcomeOf(verifyJwt(unknown))).toBe(401);
  expect(requests).toBe(3);
});

test("requests wait for a key server that hangs only once in three seconds, with one request to it", async () => {
  const timeUp = new AbortController();
  // The test ends the time when the request has arrived, which takes a busy machine a while.
  const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValue(timeUp.signal);
  const verifyJwt = aVerifier();
  respond = () => timeUp.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  const waiting = Array.from({ length: 10 }, () => outcomeOf(verifyJwt(known)));
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([503]));
  for (let count = 0; count < 10; count += 1) expect(await outcomeOf(verifyJwt(known))).toBe(503);
  expect([requests, timeout.mock.lastCall]).toEqual([1, [1500]]);
});

test("tokens that name an invalid key of the key set do not keep the keys of other tokens from being fetched", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const verifyJwt = aVerifier();
  const invalidKey = { kty: "RSA", kid: "invalid", alg: "RS256" };
  respond = (response) => response.end(JSON.stringify({ keys: [invalidKey] }));
  expect(await outcomeOf(verifyJwt(await tokenOf("invalid")))).toBe(503);
  respond = (response) => response.end(JSON.stringify({ keys: [invalidKey, ...JSON.parse(KEYS).keys] }));
  vi.advanceTimersByTime(31_000);
  expect(await outcomeOf(verifyJwt(await tokenOf("invalid")))).toBe(503);
  expect(await outcomeOf(verifyJwt(known))).toBe(200);
});

test("an unusable key neither pauses the calls of the key server nor affects the usable keys of its set", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const [publicKey] = JSON.parse(KEYS).keys;
  const privateKey = { ...(await exportJWK(rsa.privateKey)), kid: "private", alg: "RS256" };
  const short = { ...publicKey, kid: "short", n: "AQAB" };
  const unusable = [null, "text", [], { kty: "oct", k: "AAAA" }, privateKey, short, { ...privateKey, kid: "rsa" }];
  respond = (response) => response.end(JSON.stringify({ keys: [...unusable, publicKey] }));
  const verifyJwt = aVerifier();
  for (const name of ["private", "short"]) {
    expect(await outcomeOf(verifyJwt(await tokenOf(name)))).toBe(503);
    expect(await outcomeOf(verifyJwt(known))).toBe(200);
    vi.advanceTimersByTime(31_000);
    expect(await outcomeOf(verifyJwt(unknown))).toBe(401);
  }
  expect(requests).toBe(3);
  const outcomeWith = (...keys: object[]) => {
    respond = (response) => response.end(JSON.stringify({ keys }));
    return outcomeOf(aVerifier()(known));
  };
  expect(await outcomeWith(publicKey, publicKey)).toBe(401);
  expect(await outcomeWith({ ...privateKey, kid: "rsa" }, { ...short, kid: "rsa" })).toBe(503);
});

test("after the clock is set back, new keys are still fetched, and removed keys are no longer accepted", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const verifyJwt = aVerifier();
  expect(await outcomeOf(verifyJwt(known))).toBe(200);
  vi.setSystemTime(Date.now() - 36_000_000);
  respond = (response) => response.end('{"keys":[]}');
  vi.advanceTimersByTime(31_000);
  expect(await outcomeOf(verifyJwt(unknown))).toBe(401);
  expect([await outcomeOf(verifyJwt(known)), requests]).toEqual([401, 2]);
});

test.each(["identity", "gzip"])("a key set of more than 1 MB is not read to its end (%s)", async (encoding) => {
  const spaces = " ".repeat(4 * 1024 * 1024);
  const body = encoding === "gzip" ? gzipSync(spaces) : spaces;
  // Neither the body nor the time ends.
  respond = (response) => response.writeHead(200, { "Content-Encoding": encoding }).write(body);
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(new AbortController().signal);
  const reason = await aVerifier()(known).then(String, reasonOf);
  expect(reason).toBe("UNUSABLE_KEY_SERVER JWT_JWKS_URL answered with more than 1048576 bytes");
});

test("the log names JWT_JWKS_URL if its response is an error, not JSON, no key set, or has only an unusable key", async () => {
  const privateKey = { ...(await exportJWK(rsa.privateKey)), kid: "rsa", alg: "RS256" };
  const responses = [
    [500, ""],
    [200, "<html>"],
    [200, '{"keys":{}}'],
    [200, "null"],
    [200, '{"keys":[{"kty":"RSA","kid":"rsa","alg":"RS256"}]}'],
    [200, JSON.stringify({ keys: [privateKey] })],
  ] as const;
  let current: (typeof responses)[number] = responses[0];
  respond = (response) => response.writeHead(current[0]).end(current[1]);
  const reasons: string[] = [];
  for (current of responses) {
    reasons.push(await aVerifier()(known).then(String, reasonOf));
  }
  expect(reasons).toEqual([
    "UNUSABLE_KEY_SERVER JWT_JWKS_URL did not answer with the status 200 and JSON",
    "UNUSABLE_KEY_SERVER JWT_JWKS_URL did not answer with the status 200 and JSON",
    "UNUSABLE_KEY_SERVER JWT_JWKS_URL did not answer with a JSON Web Key Set",
    "UNUSABLE_KEY_SERVER JWT_JWKS_URL did not answer with a JSON Web Key Set",
    "UNUSABLE_KEY_SERVER JWT_JWKS_URL has an invalid key",
    "UNUSABLE_KEY_SERVER JWT_JWKS_URL has a private key",
  ]);
});

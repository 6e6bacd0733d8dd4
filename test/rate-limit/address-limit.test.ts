import { describe, expect, test } from "vitest";
import { limited, oneAfterAnother, statusesOf, times } from "../support/limited-server.ts";

describe("addresses", () => {
  const hops = { RATE_LIMIT: "3/m", TRUST_PROXY_HOPS: "1" };

  test("requests without a credential are 401 up to the limit of their address and then 429, and other addresses are not affected", async () => {
    const { from } = await limited(hops);
    expect(statusesOf(await times(10, () => from("192.0.2.1")))).toEqual([
      ...Array(3).fill(401),
      ...Array(7).fill(429),
    ]);
    expect((await from("192.0.2.2")).status).toBe(401);
    expect((await from("::ffff:192.0.2.1")).status).toBe(429);
  });

  test("invalid keys and unknown paths are charged to the address", async () => {
    const { server, from } = await limited(hops);
    const wrong = { Authorization: `Bearer tj_${"x".repeat(40)}` };
    const astray = () => fetch(`${server.url}/nowhere`, { headers: { "X-Forwarded-For": "192.0.2.1", ...wrong } });
    expect(statusesOf(await oneAfterAnother(2, () => from("192.0.2.1", wrong)))).toEqual([401, 401]);
    expect((await astray()).status).toBe(404);
    expect((await from("192.0.2.1", wrong)).status).toBe(429);
    expect(await server.countStatements(() => times(20, () => from("192.0.2.1", wrong)))).toBe(0);
  });

  test("known credentials are served from a refused address and are not charged to it", async () => {
    const { server, viewer, path, from } = await limited({ RATE_LIMIT: "20/m", TRUST_PROXY_HOPS: "1" });
    const known = { Authorization: `Bearer ${viewer.key}` };
    expect(statusesOf(await oneAfterAnother(5, () => from("192.0.2.1", known)))).toEqual(Array(5).fill(200));
    expect(statusesOf(await times(25, () => from("192.0.2.1")))).toEqual([
      ...Array(20).fill(401),
      ...Array(5).fill(429),
    ]);
    expect((await from("192.0.2.1", known)).status).toBe(200);
    const newcomer = await server.as();
    expect((await newcomer.get(path, { headers: { "X-Forwarded-For": "192.0.2.1" } })).status).toBe(429);
  });

  test("X-Forwarded-For does not decide the address unless TRUST_PROXY_HOPS is set", async () => {
    const { from } = await limited({ RATE_LIMIT: "3/m" });
    let n = 0;
    const spoofed = await oneAfterAnother(6, () => from(`192.0.2.${n++}`));
    expect(statusesOf(spoofed)).toEqual([401, 401, 401, 429, 429, 429]);
  });

  test("the address is the one that the last trusted proxy reports, whatever the client sends", async () => {
    const { from } = await limited(hops);
    let n = 0;
    const spoofed = await oneAfterAnother(6, () => from(`192.0.2.${n++}, 198.51.100.7`));
    expect(statusesOf(spoofed)).toEqual([401, 401, 401, 429, 429, 429]);
  });

  test("health checks and preflights are neither charged nor refused", async () => {
    const { server } = await limited({ RATE_LIMIT: "1/m", CORS_ORIGINS: "https://app.example" });
    const preflight = () =>
      fetch(`${server.url}/graphql`, { method: "OPTIONS", headers: { Origin: "https://app.example" } });
    const statuses = await oneAfterAnother(5, async () => [
      (await fetch(`${server.url}/readyz`)).status,
      (await preflight()).status,
    ]);
    expect(statuses).toEqual(Array(5).fill([200, 204]));
  });
});

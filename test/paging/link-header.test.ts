import http from "node:http";
import { expect, test } from "vitest";
import { aTask, someJobs } from "../support/builders.ts";
import { sharedTestServer } from "../support/test-server.ts";

/** A filter of 5.7 KB with 90 domains, one of which the jobs have. */
const DOMAINS = [...Array.from({ length: 89 }, (_, n) => `${n}.${"d".repeat(50)}.example`), "example.com"];
const FILTER = DOMAINS.map((domain) => `domain=${domain}`).join("&");

const server = await sharedTestServer();
const owner = await server.as();
const taskId = await aTask(server.sql, { user_id: owner.userId });
await someJobs(server.sql, taskId, 25);
await server.sql`update emails set domain_name = 'example.com'`;
const path = `/api/v1/tasks/${taskId}/jobs`;

/** The size of a response's header section in bytes, and the targets of Link by their relation. */
function headersOf(target: string): Promise<{
  bytes: number;
  links: Record<string, string>;
  jobs: number;
  status: number;
  error?: { code: string; message: string };
}> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${owner.key}` };
    http
      .get(server.url + target, { headers, maxHeaderSize: 100_000 }, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => {
          const links = [...String(response.headers.link ?? "").matchAll(/<([^>]*)>; rel="(\w+)"/g)];
          resolve({
            bytes: response.rawHeaders.join("....").length,
            links: Object.fromEntries(links.map(([, to, rel]) => [rel, to])),
            jobs: JSON.parse(body).jobs?.length,
            error: JSON.parse(body).error,
            status: response.statusCode ?? 0,
          });
        });
      })
      .on("error", reject);
  });
}

test("a page with a filter of 5.7 KB has less than 8 KB of headers and the link to the next page", async () => {
  const seen: number[] = [];
  let target: string | undefined = `${path}?limit=10&${FILTER}`;
  while (target !== undefined) {
    const page: Awaited<ReturnType<typeof headersOf>> = await headersOf(target);
    expect(page.bytes).toBeLessThan(8192);
    expect(Object.keys(page.links)).toEqual(seen.length < 2 ? ["next"] : []);
    seen.push(page.jobs);
    target = page.links.next;
  }
  expect(seen).toEqual([10, 10, 5]);
});

test("a walk by cursor with a filter of 5.7 KB has less than 8 KB of headers and reaches its end", async () => {
  const seen: number[] = [];
  let target: string | undefined = `${path}?limit=10&after=&${FILTER}`;
  while (target !== undefined) {
    const page: Awaited<ReturnType<typeof headersOf>> = await headersOf(target);
    expect(page.bytes).toBeLessThan(8192);
    seen.push(page.jobs);
    target = page.links.next;
  }
  expect(seen).toEqual([10, 10, 5]);
});

test("fetch, which refuses 16 KB of headers, accepts a page with a filter of 5.7 KB", async () => {
  expect((await owner.get(`${path}?limit=10&offset=10&${FILTER}`)).status).toBe(200);
});

test("a page with a short filter has all four links", async () => {
  const { links } = await headersOf(`${path}?limit=5&offset=10&domain=example.com`);
  expect(Object.keys(links)).toEqual(["first", "prev", "next", "last"]);
});

test("a filter whose link would be too long is refused with the reason", async () => {
  // A URL may contain an unescaped quote, but in a link the quote takes three bytes.
  const quotes = `domain=${"'".repeat(760)}`;
  const { status, error } = await headersOf(
    `${path}?limit=10&domain=example.com&${[quotes, quotes, quotes].join("&")}`,
  );
  expect([status, error?.code]).toEqual([400, "VALIDATION_ERROR"]);
  expect(error?.message).toContain("must not have more than 6500 bytes");
});

test("GraphQL refuses a filter of more than 16,000 bytes and names the field", async () => {
  const query = `query ($filter: TaskJobFilter) { tasks(first: 1) { nodes { jobs(filter: $filter) { totalCount } } } }`;
  const ask = (length: number) =>
    owner.query(query, { filter: { domain: Array.from({ length: 80 }, () => "d".repeat(length)) } });
  expect((await ask(200)).body.errors).toBeUndefined();
  const { body } = await ask(201);
  expect(body.errors[0].extensions.details).toEqual([
    { field: "filter", reason: "must not have more than 16000 bytes" },
  ]);
});

test("the last page is answered even if its links to other pages would be too long", async () => {
  const filter = ["(", ")", "!"].map((character) => `domain=${character.repeat(900)}`).join("&");
  const { status, links, jobs } = await headersOf(`${path}?limit=1&${filter}`);
  expect([status, links, jobs]).toEqual([200, {}, 0]);
});

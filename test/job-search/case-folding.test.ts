import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applyMigrations } from "../../src/db/migrate.ts";
import { foldCase } from "../../src/job-search/case-folding.ts";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { createEmptyDatabase } from "../support/old-database.ts";
import { serveDatabase } from "../support/test-server.ts";

const ADDRESSES = [
  "billing@example.com",
  "BILLING@EXAMPLE.COM",
  "École@example.com",
  "école@example.com",
  "STRAẞE@example.com",
  "straße@example.com",
  "strasse@example.com",
  "ΟΔΟΣ@example.com",
  "οδος@example.com",
  "ırmak@example.com",
  "irmak@example.com",
  "İrmak@example.com",
  "e\u0301cole@example.com",
  "50%_off\\x@example.com",
  "a(b)[c].d+e|f@example.com",
];

/** The addresses that each search finds by the rules of docs/rest.md. */
const SEARCHES: [string, string[]][] = [
  ["BILLING", ["billing@example.com", "BILLING@EXAMPLE.COM"]],
  ["billing", ["billing@example.com", "BILLING@EXAMPLE.COM"]],
  ["école@", ["École@example.com", "école@example.com"]],
  ["ÉCOLE@EXAMPLE", ["École@example.com", "école@example.com"]],
  ["straße", ["STRAẞE@example.com", "straße@example.com"]],
  ["STRAẞE", ["STRAẞE@example.com", "straße@example.com"]],
  ["strasse", ["strasse@example.com"]],
  ["οδοσ", ["ΟΔΟΣ@example.com", "οδος@example.com"]],
  ["irmak", ["irmak@example.com"]],
  ["IRMAK", ["irmak@example.com"]],
  ["ırmak", ["ırmak@example.com"]],
  ["İRMAK", ["İrmak@example.com"]],
  ["e\u0301cole", ["e\u0301cole@example.com"]],
  ["%_OFF\\X", ["50%_off\\x@example.com"]],
  ["A(B)[C].D+E|F@", ["a(b)[c].d+e|f@example.com"]],
  ["É.OLE", []],
  ["xÉ", []],
];

const DOMAINS = ["EXAMPLE.com", "École.example", "iyi.example", "a.b|c.example"];
const DOMAIN_SEARCHES: [string[], string[]][] = [
  [["example.COM"], ["EXAMPLE.com"]],
  [["IYI.EXAMPLE"], ["iyi.example"]],
  [["éCOLE.example"], ["École.example"]],
  [
    ["École.EXAMPLE", "IYI.example"],
    ["École.example", "iyi.example"],
  ],
  [["cole.example"], []],
  [["É", "A.B|C.example"], ["a.b|c.example"]],
];

const DATABASES: [string, string][] = [
  ["C", "template template0 encoding 'UTF8' locale_provider libc locale 'C'"],
  [
    "C.UTF-8 of PostgreSQL itself",
    "template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'",
  ],
  ["Turkish", "template template0 encoding 'UTF8' locale_provider icu icu_locale 'tr-TR' locale 'C'"],
  ["Unicode's root locale", "template template0 encoding 'UTF8' locale_provider icu icu_locale 'und' locale 'C'"],
];

describe.each(DATABASES)("in a database of the locale %s", (_, settings) => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let server: Awaited<ReturnType<typeof serveDatabase>>;
  let found: (query: [string, string][]) => Promise<string[]>;

  beforeAll(async () => {
    database = await createEmptyDatabase(settings);
    await applyMigrations(database.url);
    server = await serveDatabase(database.url, {});
    const owner = await server.as();
    const taskId = await aTask(database.sql, { user_id: owner.userId });
    for (const address of ADDRESSES) await aJob(database.sql, { task_id: taskId, email_address: address });
    for (const domain of DOMAINS) {
      const emailId = await anEmail(database.sql, { domain_name: domain });
      await aJob(database.sql, { task_id: taskId, email_id: emailId, email_address: `at ${domain}` });
    }
    found = async (query) => {
      const response = await owner.get(`/api/v1/tasks/${taskId}/jobs?limit=100&${new URLSearchParams(query)}`);
      const { jobs } = (await response.json()) as { jobs: { email_address: string }[] };
      return jobs.map((job) => job.email_address.replace("at ", "")).sort();
    };
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  test.each(SEARCHES)("the search for %j finds the addresses that contain it in any case", async (text, expected) => {
    expect(await found([["q", text]])).toEqual([...expected].sort());
  });

  test.each(DOMAIN_SEARCHES)("the filter by the domains %j ignores case", async (domains, expected) => {
    expect(await found(domains.map((domain) => ["domain", domain]))).toEqual([...expected].sort());
  });
});

test("a search for any case of a letter matches the same cases", () => {
  for (const letters of ["σςΣ", "ßẞ", "éÉ", "ǆǅǄ", "åÅ\u212b", "𞤀𞤢"]) {
    const folded = [...letters].map((letter) => foldCase(letter));
    expect(new Set(folded.map((text) => JSON.stringify(text))).size).toBe(1);
    expect([...(folded[0]?.folded ?? ""), ...(folded[0]?.from ?? "")].sort()).toEqual([...letters].sort());
  }
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ReadOptions } from "../../src/import/formats/row-file.ts";
import { readResults, summaryOf } from "../support/read-results.ts";

const FILES = "test/import/files";

const readFile = (name: string, options: Partial<ReadOptions> = {}) =>
  readResults(readFileSync(join(FILES, name)), { fileName: name, ...options });

test.each([
  [
    "zerobounce.csv",
    "ZeroBounce",
    [
      "ada@example.com valid [m]",
      "gone@example.com invalid [m] mailbox_not_found",
      "no syntax invalid_syntax [] invalid: failed_syntax_check",
      "all@example.net catchall [cm] catch-all",
      "info@example.org unknown [rm] do_not_mail: role_based",
      "throw@example.org disposable_domain [dm] do_not_mail: disposable",
      "trap@example.org invalid [m] spamtrap",
      "slow@example.net unknown [] timeout_exceeded",
    ],
  ],
  [
    "neverbounce.csv",
    "NeverBounce",
    [
      "ada@example.com valid [m]",
      "gone@example.com invalid [m]",
      "throw@example.org disposable_domain [dm] disposable",
      "sales@example.net catchall [rcm]",
      "slow@example.net unknown []",
    ],
  ],
  [
    "neverbounce.json",
    "NeverBounce",
    [
      "info@example.org invalid_syntax [rm] invalid: has_dns, has_dns_mx, bad_syntax, role_account",
      "ada@example.com valid [m] has_dns, has_dns_mx",
    ],
  ],
  [
    "bouncer.csv",
    "Bouncer",
    [
      "ada@example.com valid [m] deliverable: accepted_email",
      "sales@example.net catchall [rcm] risky: low_deliverability",
      "throw@example.org disposable_domain [dm] risky: low_quality",
      "full@example.org unknown [] risky: low_deliverability",
      "no syntax invalid_syntax [] undeliverable: invalid_email",
      "slow@example.net unknown [m] timeout",
    ],
  ],
  [
    "bouncer.json",
    "Bouncer",
    [
      "ada@example.com valid [m] deliverable: accepted_email",
      "all@example.net catchall [cm] risky: low_deliverability",
    ],
  ],
  [
    "hunter.csv",
    "Hunter",
    [
      "ada@example.com valid []",
      "all@example.net catchall [c] accept_all",
      "web@example.org unknown [] webmail",
      "throw@example.org disposable_domain [d] disposable",
      "gone@example.com invalid []",
    ],
  ],
  ["hunter.json", "Hunter", ["all@example.net catchall [cm] accept_all"]],
  [
    "millionverifier.csv",
    "MillionVerifier",
    [
      "ada@example.com valid [] ok",
      "sales@example.net catchall [rc] catch_all",
      "throw@example.org disposable_domain [d] disposable",
      "gone@example.com invalid []",
      "slow@example.net unknown []",
    ],
  ],
  [
    "emailable.csv",
    "Emailable",
    [
      "ada@example.com valid [m] deliverable: accepted_email",
      "info@example.net catchall [rcm] risky: low_deliverability",
      "throw@example.org disposable_domain [dm] risky: low_quality",
      "no syntax invalid_syntax [] undeliverable: invalid_email",
      "gone@example.com invalid [m] undeliverable: rejected_email",
      "slow@example.net unknown [] timeout",
    ],
  ],
  [
    "kickbox.csv",
    "Kickbox",
    [
      "ada@example.com valid [] deliverable: accepted_email",
      "all@example.net catchall [c] risky: low_deliverability",
      "info@example.org unknown [r] risky: low_quality",
      "no syntax invalid_syntax [] undeliverable: invalid_email",
      "gone@example.com invalid [] undeliverable: rejected_email",
      "slow@example.net unknown [] no_connect",
    ],
  ],
  [
    "verifalia.csv",
    "Verifalia",
    [
      "ada@example.com valid [] Deliverable: Success",
      "all@example.net catchall [c] Risky: ServerIsCatchAll",
      "info@example.org unknown [r] Risky: LocalPartIsWellKnownRoleAccount",
      "throw@example.org disposable_domain [d] Undeliverable: DomainIsWellKnownDea",
      "no syntax invalid_syntax [] Undeliverable: AtSignNotFound",
      "gone@example.com invalid [] Undeliverable: MailboxDoesNotExist",
      "slow@example.net unknown [] SmtpConnectionTimeout",
    ],
  ],
  ["verifalia.json", "Verifalia", ["ada@example.com valid [] Deliverable: Success"]],
  ["reacher.json", "Reacher (check-if-email-exists)", ["info@example.net valid [rm] risky"]],
  [
    "reacher.ndjson",
    "Reacher (check-if-email-exists)",
    [
      "ada@example.com valid [m] safe",
      "all@example.net catchall [cm] risky",
      "no syntax invalid_syntax [] invalid",
      "slow@example.org unknown [m] TimeoutError",
    ],
  ],
  [
    "reacher.csv",
    "Reacher (check-if-email-exists)",
    ["ada@example.com valid [m] safe", "throw@example.org disposable_domain [dm] risky"],
  ],
  [
    "truemail.json",
    "truemail",
    [
      "ada@example.com valid [] true smtp",
      "gone@example.com invalid [] false smtp: smtp error",
      "no syntax invalid_syntax [] false regex: email does not match the regular expression",
    ],
  ],
])(
  "the file %s is recognized as %s, and its rows become documented states with the verifier's own words",
  async (name, title, rows) => {
    const found = await readFile(name);
    expect([found.title, summaryOf(found)]).toEqual([title, rows]);
  },
);

test("every sample file is tested, and its addresses are at domains for examples", () => {
  const files = readdirSync(FILES);
  expect(files).toHaveLength(16);
  for (const name of files) {
    const domains = readFileSync(join(FILES, name), "utf8").match(/@[\w.-]+/g) ?? [];
    expect(domains.filter((domain) => !/@example\.(com|net|org)$/.test(domain))).toEqual([]);
  }
});

test("dates of the verifiers are stored with their zone, and in UTC if they have none", async () => {
  const dates = async (name: string) =>
    (await readFile(name)).rows.map((row) => ("fault" in row ? row.fault : row.validated_at)).filter(Boolean);
  expect(await dates("zerobounce.csv")).toEqual(["2025-03-01T10:00:01.592Z", "2025-03-28T14:05:09Z"]);
  expect(await dates("hunter.csv")).toEqual(["2025-03-01T10:00:01Z", "2025-03-01T10:00:02Z", "2025-03-01T00:00:00Z"]);
  expect((await dates("verifalia.csv"))[0]).toBe("2025-03-01T10:00:01Z");
  expect(await dates("verifalia.json")).toEqual(["2025-03-01T10:00:01.123456Z"]);
  expect(await dates("reacher.json")).toEqual(["2025-03-01T10:00:01.123456Z"]);
  expect((await dates("truemail.json"))[0]).toBe("2025-03-01T12:00:56+02:00");
});

test.each([
  ["1/2/2025", "does not show which number is the month"],
  ["2025-13-01 10:00:00", "is a day that does not exist"],
  ["yesterday", "is not an RFC 3339 timestamp"],
])("the date %s of a verifier that writes no such dates is a bad row", async (date, reason) => {
  const { rows } = await readResults(`Email,Verification status,Verification date\na@example.com,valid,${date}\n`);
  expect(rows).toEqual([{ line: 2, fault: expect.stringMatching(`^Verification date: .*${reason}`) }]);
});

test("an unknown status word is a bad row that names the column, the word, the known words and the remedy", async () => {
  const csv = "email,quality,result\na@example.com,good,ok\nb@example.com,bad,Half Good\n";
  const { rows } = await readResults(csv);
  expect(rows[1]).toEqual({
    line: 3,
    fault: expect.stringMatching(
      /^result: "Half Good" is not a status word of MillionVerifier, which are .*ok, catch_all.*--status-word half_good=unknown/,
    ),
  });
  const statusWords = new Map([["half_good", "catchall"]] as const);
  expect(summaryOf(await readResults(csv, { statusWords }))[1]).toBe("b@example.com catchall [c] Half Good");
  const leaked = await readResults("email,quality,result\nx,good,ada@example.com\n");
  expect(JSON.stringify(leaked.rows)).not.toContain("ada");
});

test("a row without a status word is a job without a result", async () => {
  const { rows } = await readResults("email,quality,result\na@example.com,,\n");
  expect(rows).toMatchObject([{ email: "a@example.com", status: null, job_status: "pending" }]);
});

test("a header in another order, case and spelling is recognized, and a verifier's column wins over an uploaded one", async () => {
  const csv =
    "SENDEX, role ,Accept All,RESULT,reason,E-Mail,Role\n1,boss,yes,Risky,low_deliverability,a@example.com,true\n";
  const found = await readResults(csv);
  expect([found.title, summaryOf(found)]).toEqual([
    "Kickbox",
    ["a@example.com catchall [rc] Risky: low_deliverability"],
  ]);
  expect(found.file.description.notes).toEqual(["Role appears 2 times in the header; the last one is read"]);
});

test("a header that fits several formats is an error that names them", async () => {
  const own = "email,status,is_catchall,ZB Status\na@example.com,valid,true,valid\n";
  await expect(readResults(own)).rejects.toThrow("choose with --format task-jobs or --format zerobounce");
  const twice = "email,hunter_status,is_reachable\na@example.com,valid,safe\n";
  await expect(readResults(twice)).rejects.toThrow("choose with --format hunter or --format reacher");
  expect((await readResults(own, { verifier: "task-jobs" })).title).toBe("Task Jobs");
  expect((await readResults(own, { verifier: "zerobounce" })).title).toBe("ZeroBounce");
});

test("a format that is forced says which of its columns is missing", async () => {
  await expect(readResults("email,status\n", { verifier: "zerobounce" })).resolves.toMatchObject({
    title: "ZeroBounce",
  });
  await expect(readResults("email,note\na@example.com,x\n", { verifier: "hunter" })).rejects.toThrow(
    "status: is missing: name its column with --map status=COLUMN; the header contains: email, note",
  );
});

test("two columns of addresses are an error, which a map resolves", async () => {
  const csv = "Buyer,Seller,ZB Status\na@example.com,b@example.com,valid\n";
  await expect(readResults(csv)).rejects.toThrow("more than one column contains addresses: add --map email=COLUMN");
  const found = await readResults(csv, { map: new Map([["email", "Seller"]]) });
  expect([found.title, summaryOf(found)]).toEqual(["ZeroBounce", ["b@example.com valid []"]]);
});

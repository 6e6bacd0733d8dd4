// Writes sample/batch.csv, with the same bytes in every run: `node tools/make-sample.mjs`. Every address has a domain that
// RFC 2606 or RFC 6761 reserves, so no address is real.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SAMPLE_FILE = fileURLToPath(new URL("../sample/batch.csv", import.meta.url));
const SEED = 20250101;

const HEADER = [
  "email",
  "status",
  "is_role_based",
  "is_disposable",
  "has_mx_records",
  "has_reverse_dns",
  "domain_name",
  "host_name",
  "server_type",
  "is_catchall",
  "validated_at",
  "unknown_reason",
  "needs_physical_verify",
  "job_status",
  "job_created_at",
  "job_updated_at",
];

/** Jobs of one upload have the same created_at. `words` is the generation of email statuses that was in use at that time. */
const UPLOADS = [
  { createdAt: "2023-11-06T09:15:00Z", jobs: 400, words: "first", unfinished: 0.01 },
  { createdAt: "2024-02-19T14:02:31.5Z", jobs: 300, words: "first", unfinished: 0.01 },
  { createdAt: "2024-07-01T07:00:00.000001Z", jobs: 350, words: "first", unfinished: 0.02 },
  { createdAt: "2025-01-01T12:00:00Z", jobs: 250, words: "second", unfinished: 0.02 },
  { createdAt: "2025-03-17T16:45:12.123456Z", jobs: 400, words: "second", unfinished: 0.04 },
  { createdAt: "2025-06-30T23:59:59.999999Z", jobs: 300, words: "second", unfinished: 0.3 },
];

const WORDS = {
  first: { good: "exists", bad: "not_exists", disposable: "exists" },
  second: { good: "valid", bad: "invalid", disposable: "disposable_domain" },
};

const DOMAINS = [
  { name: "example.com", host: "aspmx.mail.example", server: "Google Workspace", reverseDns: true },
  { name: "example.net", host: "example-net.protection.test", server: "Microsoft 365", reverseDns: true },
  { name: "example.org", host: "mx1.example.org", server: "Postfix", reverseDns: true },
  { name: "gmail.example", host: "gmail-smtp-in.gmail.example", server: "Gmail", reverseDns: true },
  { name: "outlook.example", host: "mx.outlook.example", server: "Outlook", reverseDns: true },
  { name: "yahoo.example", host: "mta5.yahoo.example", server: "Yahoo", reverseDns: true },
  { name: "nordlicht-verlag.example", host: "mail.nordlicht-verlag.example", server: "Exim", reverseDns: true },
  { name: "panaderia-sol.example", host: "mx.panaderia-sol.example", server: "Sendmail", reverseDns: false },
  { name: "acme.test", host: "relay.acme.test", server: "Unknown", reverseDns: false },
];
const DISPOSABLE_DOMAINS = ["tempbox.example", "ten-minutes.test", "throwaway.example"];
const ROLES = ["info", "sales", "support", "admin", "billing", "office", "hr", "press", "abuse", "postmaster"];
const UNKNOWN_REASONS = [
  "smtp_timeout",
  "greylisted",
  "connection_refused",
  "blocked_by_provider",
  "mailbox_busy",
  '451 4.7.1 "Greylisted", please try again later',
];
const FIRST_NAMES =
  "ada alan amara anna bjorn carlos chen chloe dmitri elena emeka fatima felix grace hana hiro ines ivan jamal jürgen kofi lara leila linus mateo mei nadia noah olga omar paula priya quentin rosa sami sofia søren tomas uma vera wei yara yusuf zoë".split(
    " ",
  );
const LAST_NAMES =
  "abebe andersen baker costa diaz dubois eriksen fischer garcia haddad hopper ito jensen kaya kim kowalski lindqvist lovelace martin mensah moreau müller nakamura nguyen novak o'brien okafor patel petrov quispe rossi sato schmidt silva singh suzuki tanaka turing vargas weber wong yilmaz zhang".split(
    " ",
  );

let state = SEED;
/** mulberry32: Math.random cannot be seeded. */
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = (list) => list[Math.floor(random() * list.length)];
const chance = (probability) => random() < probability;

const used = new Set();
/** Appends a number if the address exists, because a duplicate would look like a mistake. */
function unused(localPart, domain) {
  for (let attempt = 1; ; attempt++) {
    const address = `${localPart}${attempt === 1 ? "" : attempt}@${domain}`;
    if (!used.has(address)) {
      used.add(address);
      return address;
    }
  }
}

function localPart() {
  const [first, last] = [pick(FIRST_NAMES), pick(LAST_NAMES)];
  return pick([`${first}.${last}`, `${first}.${last}`, `${first[0]}.${last}`, `${last}.${first}`, first + last[0]]);
}

function brokenAddress(domain) {
  const part = localPart();
  const address = pick([
    `${part}@`,
    `${part}.${domain}`,
    `${part}@@${domain}`,
    `${part}@.${domain}`,
    `"${part}@${domain}`,
  ]);
  return used.has(address) ? brokenAddress(domain) : address;
}

/** The time `seconds` after the upload, with microseconds. */
function after(createdAt, seconds) {
  const [wholeSeconds, micros = "0"] = createdAt.replace("Z", "").split(".");
  const total = Number(micros.padEnd(6, "0")) + Math.floor(seconds * 1e6);
  const ms = Date.parse(`${wholeSeconds}Z`) + Math.floor(total / 1e6) * 1000;
  const fraction = String(total % 1e6)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${new Date(ms).toISOString().slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}

function result(words, validatedAt) {
  const domain = pick(DOMAINS);
  const row = {
    email: "",
    status: words.good,
    is_role_based: false,
    is_disposable: false,
    has_mx_records: true,
    has_reverse_dns: domain.reverseDns,
    domain_name: domain.name,
    host_name: domain.host,
    server_type: domain.server,
    is_catchall: false,
    validated_at: validatedAt,
    unknown_reason: "",
    needs_physical_verify: false,
  };
  const kind = random();
  if (kind < 0.04) {
    const nothing = { has_mx_records: false, has_reverse_dns: false, domain_name: "", host_name: "", server_type: "" };
    return { ...row, ...nothing, email: brokenAddress(domain.name), status: "invalid_syntax" };
  }
  if (kind < 0.1) {
    const name = pick(DISPOSABLE_DOMAINS);
    const email = unused(`${pick(FIRST_NAMES)}${Math.floor(random() * 900) + 100}`, name);
    return {
      ...row,
      email,
      status: words.disposable,
      is_disposable: true,
      domain_name: name,
      host_name: `mx.${name}`,
      server_type: "Postfix",
    };
  }
  row.is_role_based = chance(0.12);
  row.email = unused(row.is_role_based ? pick(ROLES) : localPart(), domain.name);
  if (kind < 0.28) return { ...row, status: words.bad, has_mx_records: chance(0.8) };
  if (kind < 0.38) return { ...row, status: "catchall", is_catchall: true, needs_physical_verify: chance(0.5) };
  if (kind < 0.47) {
    const reason = pick(UNKNOWN_REASONS);
    return { ...row, status: "unknown", server_type: "Unknown", unknown_reason: reason, needs_physical_verify: true };
  }
  return row;
}

function job(upload) {
  const seconds = 1 + random() * 600;
  // Some times are whole or half seconds, so that the sample contains timestamps with a short fraction or none.
  const isRound = chance(0.1);
  const finishedAt = after(upload.createdAt, isRound ? Math.round(seconds * 2) / 2 : seconds);
  const row = { job_status: "completed", job_created_at: upload.createdAt, job_updated_at: finishedAt };
  if (chance(upload.unfinished)) {
    row.job_status = chance(0.6) ? "pending" : "processing";
    if (row.job_status === "pending") row.job_updated_at = upload.createdAt;
  } else if (chance(0.03)) {
    row.job_status = "failed";
  }
  if (row.job_status === "completed") return { ...result(WORDS[upload.words], finishedAt), ...row };
  return { email: unused(localPart(), pick(DOMAINS).name), ...row };
}

function csvField(value = "") {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const lines = [HEADER.join(",")];
for (const upload of UPLOADS) {
  for (let count = 0; count < upload.jobs; count++) {
    const row = job(upload);
    lines.push(HEADER.map((column) => csvField(row[column])).join(","));
  }
}
writeFileSync(SAMPLE_FILE, `${lines.join("\n")}\n`);

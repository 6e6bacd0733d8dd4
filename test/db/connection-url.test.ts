import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeDatabase, readConnectionUrl } from "../../src/db/connection-url.ts";
import { createNamedPipe } from "../support/named-pipe.ts";

const CA = new URL("../support/tls-identity.pem", import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), "connection-url-"));
afterAll(() => rmSync(directory, { recursive: true }));
const EMPTY_FILE = join(directory, "empty");
writeFileSync(EMPTY_FILE, "");
const NAMED_PIPE = createNamedPipe(join(directory, "pipe"));

test.each<[string, object]>([
  ["postgres://[::1]:5433/db", { servers: [{ host: "::1", port: 5433, tls: null }] }],
  [
    "postgres://u@%2Fvar%2Frun%2Fpostgresql/db",
    { servers: [{ host: "/var/run/postgresql" }], user: "u", password: undefined },
  ],
  ["postgres:///db?host=/tmp&port=5433", { servers: [{ host: "/tmp", port: 5433 }] }],
  ["postgresql://", { servers: [{ host: "localhost", port: 5432 }], database: undefined }],
  ["postgres://u:100%@h/db", { password: "100%" }],
  ["postgres://u:a#b@h/db", { password: "a#b", servers: [{ host: "h" }] }],
  ["postgres://u:a:b+c@h/db", { password: "a:b+c" }],
  [
    "postgres://h?user=u%40x&password=p&dbname=d",
    { servers: [{ host: "h" }], user: "u@x", password: "p", database: "d" },
  ],
  ["postgres://h/db?application_name=mine", { applicationName: "mine" }],
  ["postgres://h/db?fallback_application_name=mine", { applicationName: "mine" }],
  ["postgres://h/db?ssl=true", { servers: [{ tls: { mode: "require", isDirect: false } }] }],
  ["postgres://h/db?sslmode=disable", { servers: [{ tls: null }] }],
  ["postgres://h/db?sslmode=no-verify", { servers: [{ tls: { mode: "no-verify", isDirect: false } }] }],
  ["postgres://h/db?sslrootcert=system", { servers: [{ tls: { mode: "verify-full", isDirect: false } }] }],
  [
    "postgres://h/db?sslmode=require&sslnegotiation=direct",
    { servers: [{ tls: { mode: "require", isDirect: true } }] },
  ],
  [`postgres://h/db?sslmode=require&sslcert=${CA}&sslkey=${CA}`, { servers: [{ tls: { mode: "require" } }] }],
  [`postgres://h/db?sslmode=require&sslrootcert=${CA}`, { servers: [{ tls: { mode: "verify-ca" } }] }],
  ["postgres://h/db?options=-c%20geqo%3Doff%20-c%20DateStyle%3DGerman", { options: "-c geqo=off" }],
  [
    "postgres://h/db?options=project%3Dabc%20--search-path%3Da%5C%20b%20-cwork_mem%3D8MB",
    { options: "project=abc -cwork_mem=8MB" },
  ],
])("%s is read as libpq reads it", (url, settings) => {
  expect(readConnectionUrl(url)).toMatchObject({ settings, faults: [] });
});

const servers = (...list: [string, number][]) => ({ servers: list.map(([host, port]) => ({ host, port })) });

test.each<[string, object]>([
  ["postgres://a,b:5433,c:5434/db", servers(["a", 5432], ["b", 5433], ["c", 5434])],
  ["postgres://a,b,c/db", servers(["a", 5432], ["b", 5432], ["c", 5432])],
  ["postgres://a,b,c/db?port=5433", servers(["a", 5433], ["b", 5433], ["c", 5433])],
  ["postgres://a:1,b:2/db?port=3,", servers(["a", 3], ["b", 5432])],
  ["postgres:///db?host=a,b&port=5433,5434", servers(["a", 5433], ["b", 5434])],
  ["postgres://ignored:5433/db?host=a,b", servers(["a", 5433], ["b", 5433])],
  ["postgres://u:p,w@[::1]:5433,[2001:db8::1],b/db", servers(["::1", 5433], ["2001:db8::1", 5432], ["b", 5432])],
  ["postgres://%2Fvar%2Frun%2Fpostgresql:5433,b/db", servers(["/var/run/postgresql", 5433], ["b", 5432])],
  ["postgres://a%2Cb/db", servers(["a", 5432], ["b", 5432])],
  ["postgres://,b/db", servers(["localhost", 5432], ["b", 5432])],
  [
    "postgres://a,b/db?hostaddr=10.0.0.1,",
    {
      servers: [
        { host: "a", address: "10.0.0.1" },
        { host: "b", address: null },
      ],
    },
  ],
  ["postgres:///db?hostaddr=10.0.0.1,::1", servers(["10.0.0.1", 5432], ["::1", 5432])],
  ["postgres://a/db", { target: "any", isBalanced: false }],
  [
    "postgres://a,b/db?target_session_attrs=prefer-standby&load_balance_hosts=random",
    { target: "prefer-standby", isBalanced: true },
  ],
  [
    "postgres://127.0.0.1,db.example.com/db",
    {
      servers: [
        { host: "127.0.0.1", tls: null },
        { host: "db.example.com", tls: { mode: "prefer" } },
      ],
    },
  ],
])("the servers in %s are those that libpq would try", (url, settings) => {
  expect(readConnectionUrl(url)).toMatchObject({ settings, faults: [], ignored: [] });
});

test("a list of servers is described without the password", () => {
  expect(describeDatabase("postgres://u:secret@a,[::1]:5433,%2Ftmp/db?target_session_attrs=primary")).toBe(
    "PostgreSQL at a:5432,[::1]:5433,/tmp/db",
  );
});

test("settings of the session in the URL have no effect and are named", () => {
  const { ignored, settings } = readConnectionUrl(
    "postgres://h/db?timezone=Asia/Tokyo&DateStyle=German&search_path=x&plan_cache_mode=auto&options=--statement-timeout%3D1",
  );
  expect(ignored).toEqual(["timezone", "datestyle", "search_path", "plan_cache_mode", "statement_timeout"]);
  expect(settings.options).toBeUndefined();
});

test.each([
  ["mysql://h/db", "must be a URL that starts with postgres:// or postgresql://"],
  ["postgres://a,b/db?port=1,2,3", "has 3 values in port for 2 hosts: give one for each, or one for all"],
  ["postgres://a:1,b:2/db?host=h", "has 2 values in port for 1 host: give one for each, or one for all"],
  ["postgres://h/db?host=a,b&port=1,x", "has a port that is not a number, such as 5432"],
  ["postgres://a:1,b:65536/db", "has a port outside 1 to 65535"],
  ["postgres://a,b/db?hostaddr=10.0.0.1", "has 1 value in hostaddr for 2 hosts: give one for each"],
  ["postgres://a/db?hostaddr=b", "has a value in hostaddr that is not an IP address"],
  [
    "postgres://a,b/db?target_session_attrs=master",
    "has an unknown target_session_attrs: use one of any, read-write, read-only, primary, standby, prefer-standby",
  ],
  ["postgres://a,b/db?load_balance_hosts=on", "has an unknown load_balance_hosts: use one of disable, random"],
  ["postgres://h/db?sslmod=require", "has the parameter sslmod, which is not supported"],
  ["postgres://h/db?sslcrl=x", "has the parameter sslcrl, which is not supported"],
  ["postgres://h/db?require_auth=scram-sha-256", "has the parameter require_auth, which is not supported"],
  ["postgres://u:p@127.0.0.1:99999/db", "has a port outside 1 to 65535"],
  ["postgres://h/db?port=0", "has a port outside 1 to 65535"],
  ["postgres://h:0/db", "has a port outside 1 to 65535"],
  ["postgres://h/db?port=65536", "has a port outside 1 to 65535"],
  ...["-c%20role%3Dx", "-crole%3Dx", "--role%3Dx", "-c%20geqo%3Doff%20-c%20Role%3Dx", "role%3Dx"].map(
    (options): [string, string] => [
      `postgres://h/db?options=${options}`,
      "has role in options, which is not supported",
    ],
  ),
  ["postgres://h/db?options=-c%20row-security%3Doff", "has row_security in options, which is not supported"],
  ["postgres://h/db?options=-c%20jit", "has an option that is not of the form -c name=value"],
  ["postgres://h/db?options=-d%205%20-e", "has an option that is not of the form -c name=value"],
  ["postgres://h/db?gssencmode=require", "has gssencmode=require, which is not supported"],
  ["postgres://h/db?schema=app", "has a schema parameter other than public, but the tables are in the schema public"],
  [
    "postgres://h/db?sslmode=on",
    "has an unknown sslmode: use one of disable, allow, prefer, require, verify-ca, verify-full, no-verify",
  ],
  [
    "postgres://h/db?sslmode=require&sslrootcert=/missing.pem",
    "names a path in sslrootcert that cannot be read (ENOENT)",
  ],
  ...["sslrootcert", "sslcert", "sslkey"].flatMap((name): [string, string][] =>
    ["/dev/zero", directory, NAMED_PIPE].map((path) => [
      `postgres://h/db?sslmode=require&${name}=${path}`,
      `names a path in ${name} that is not a file`,
    ]),
  ),
  ...[EMPTY_FILE, import.meta.filename].map((file): [string, string] => [
    `postgres://h/db?sslmode=verify-ca&sslrootcert=${file}`,
    "names a file in sslrootcert that has no certificate in PEM",
  ]),
  ...[`sslcert=${CA}&sslkey=${import.meta.filename}`, `sslcert=${import.meta.filename}&sslkey=${CA}`].map(
    (files): [string, string] => [
      `postgres://h/db?sslmode=require&${files}`,
      "names files in sslcert and sslkey that are not a certificate in PEM and its key",
    ],
  ),
  ["postgres://h/db?sslmode=require&sslrootcert=system", "needs sslmode=verify-full with sslrootcert=system"],
])("%s is refused", (url, fault) => {
  expect(readConnectionUrl(url).faults).toEqual([fault]);
});

test.each([
  "postgres://u:hunter/2@h/db",
  "postgres://u:12/hunter2@h/db",
  "postgres://a/x;postgres://u:hunter2@b/y",
  "postgres://u:hunt?er2=x@h/db",
  "postgres://u:hunter2@h:port/db",
])("a fault of %s does not repeat the password", (url) => {
  const { faults } = readConnectionUrl(url);
  expect(faults).toHaveLength(1);
  expect(faults[0]).not.toMatch(/hunt|er2/);
});

import { expect, test } from "vitest";
import { readConnectionUrl } from "../../src/db/connection-url.ts";

const CA = new URL("../support/tls-identity.pem", import.meta.url).pathname;

/** Connection strings from the manuals of the providers, with invented names and passwords. */
const PROVIDERS: [string, string, object, string[]][] = [
  [
    "Neon",
    "postgresql://alex:AbC123dEf@ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech/dbname?sslmode=require&channel_binding=require",
    {
      host: "ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech",
      port: null,
      database: "dbname",
      tls: { mode: "require", isDirect: false },
    },
    ["channel_binding"],
  ],
  [
    "Neon without SNI",
    "postgres://alex:AbC123dEf@ep-cool.aws.neon.tech/db?options=endpoint%3Dep-cool-darkness&sslmode=require",
    { options: "endpoint=ep-cool-darkness" },
    [],
  ],
  [
    "Supabase's pooler for Prisma",
    "postgresql://postgres.abcdefghijkl:pa%23ss%25@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1",
    {
      user: "postgres.abcdefghijkl",
      password: "pa#ss%",
      port: 6543,
      preparedStatements: false,
      tls: { mode: "prefer", isDirect: false },
    },
    ["connection_limit"],
  ],
  [
    "Heroku",
    "postgres://foobar:xyzzy@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d8r82722",
    { user: "foobar", password: "xyzzy", tls: { mode: "prefer", isDirect: false } },
    [],
  ],
  [
    "RDS",
    `postgresql://admin:p@mydb.123456789012.us-east-1.rds.amazonaws.com:5432/app?sslmode=verify-full&sslrootcert=${CA}`,
    { tls: { mode: "verify-full", isDirect: false, ca: expect.stringContaining("BEGIN CERTIFICATE") } },
    [],
  ],
  [
    "Azure, with the server in the user's name",
    "postgres://myadmin@myserver:p@ss@myserver.postgres.database.azure.com/postgres?sslmode=require",
    { user: "myadmin@myserver", password: "p@ss", host: "myserver.postgres.database.azure.com", port: null },
    [],
  ],
  [
    "Azure, encoded",
    "postgresql://myadmin%40myserver:p%40ss@myserver.postgres.database.azure.com:5432/postgres?sslmode=require&target_session_attrs=read-write",
    { user: "myadmin@myserver", password: "p@ss" },
    ["target_session_attrs"],
  ],
  [
    "Cloud SQL over its socket",
    "postgres://user:pass@/db?host=/cloudsql/project:region:instance",
    { socketDirectory: "/cloudsql/project:region:instance", user: "user", database: "db", tls: null },
    [],
  ],
  [
    "Prisma",
    "postgresql://janedoe:mypassword@localhost:5432/mydb?schema=public&connection_limit=5&pool_timeout=10&connect_timeout=5&sslmode=prefer&statement_cache_size=0",
    { database: "mydb", preparedStatements: false, tls: { mode: "prefer", isDirect: false } },
    ["connection_limit", "pool_timeout", "connect_timeout"],
  ],
  [
    "Vercel and Supabase",
    "postgres://u:p@db.example.com:6543/postgres?sslmode=require&supa=base-pooler.x",
    { port: 6543 },
    ["supa"],
  ],
];

test.each(PROVIDERS)("the connection string of %s is read", (_, url, settings, ignored) => {
  expect(readConnectionUrl(url)).toMatchObject({ settings, ignored, faults: [] });
});

test.each<[string, object]>([
  ["postgres://[::1]:5433/db", { host: "::1", port: 5433, tls: null }],
  [
    "postgres://u@%2Fvar%2Frun%2Fpostgresql/db",
    { socketDirectory: "/var/run/postgresql", user: "u", password: undefined },
  ],
  ["postgres:///db?host=/tmp&port=5433", { socketDirectory: "/tmp", port: 5433 }],
  ["postgresql://", { host: null, port: null, database: undefined }],
  ["postgres://u:100%@h/db", { password: "100%" }],
  ["postgres://u:a#b@h/db", { password: "a#b", host: "h" }],
  ["postgres://u:a:b+c@h/db", { password: "a:b+c" }],
  ["postgres://h?user=u%40x&password=p&dbname=d", { host: "h", user: "u@x", password: "p", database: "d" }],
  ["postgres://h/db?application_name=mine", { applicationName: "mine" }],
  ["postgres://h/db?fallback_application_name=mine", { applicationName: "mine" }],
  ["postgres://h/db?ssl=true", { tls: { mode: "require", isDirect: false } }],
  ["postgres://h/db?sslmode=disable", { tls: null }],
  ["postgres://h/db?sslmode=no-verify", { tls: { mode: "no-verify", isDirect: false } }],
  ["postgres://h/db?sslrootcert=system", { tls: { mode: "verify-full", isDirect: false } }],
  ["postgres://h/db?sslmode=require&sslnegotiation=direct", { tls: { mode: "require", isDirect: true } }],
  [`postgres://h/db?sslmode=require&sslrootcert=${CA}`, { tls: { mode: "verify-ca" } }],
  ["postgres://h/db?options=-c%20geqo%3Doff%20-c%20DateStyle%3DGerman", { options: "-c geqo=off" }],
  [
    "postgres://h/db?options=project%3Dabc%20--search-path%3Da%5C%20b%20-cwork_mem%3D8MB",
    { options: "project=abc -cwork_mem=8MB" },
  ],
])("%s is read as libpq reads it", (url, settings) => {
  expect(readConnectionUrl(url)).toMatchObject({ settings, faults: [] });
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
  ["postgres://a,b/db", "must name one host"],
  ["postgres://h/db?host=a,b", "must name one host"],
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
  ["postgres://h/db?sslmode=require&sslrootcert=/missing.pem", "names a file in sslrootcert that cannot be read"],
  ["postgres://h/db?sslmode=require&sslrootcert=system", "needs sslmode=verify-full with sslrootcert=system"],
])("%s is refused", (url, fault) => {
  expect(readConnectionUrl(url).faults).toEqual([fault]);
});

test.each(["postgres://u:hunter/2@h/db", "postgres://u:hunt?er2=x@h/db", "postgres://u:hunter2@h:port/db"])(
  "a fault of %s does not repeat the password",
  (url) => {
    const { faults } = readConnectionUrl(url);
    expect(faults).toHaveLength(1);
    expect(faults[0]).not.toMatch(/hunt|er2/);
  },
);

import { expect, test } from "vitest";
import { readConnectionUrl } from "../../src/db/connection-url.ts";

const CA = new URL("../support/tls-identity.pem", import.meta.url).pathname;

/** Connection strings from the manuals of the providers, with invented names and passwords. */
const PROVIDERS: [string, string, object, string[]][] = [
  [
    "Neon",
    "postgresql://alex:AbC123dEf@ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech/dbname?sslmode=require&channel_binding=require",
    {
      servers: [
        {
          host: "ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech",
          port: 5432,
          tls: { mode: "require", isDirect: false },
        },
      ],
      database: "dbname",
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
      preparedStatements: false,
      servers: [{ port: 6543, tls: { mode: "prefer", isDirect: false } }],
    },
    ["connection_limit"],
  ],
  [
    "Heroku",
    "postgres://foobar:xyzzy@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d8r82722",
    { user: "foobar", password: "xyzzy", servers: [{ tls: { mode: "prefer", isDirect: false } }] },
    [],
  ],
  [
    "RDS",
    `postgresql://admin:p@mydb.123456789012.us-east-1.rds.amazonaws.com:5432/app?sslmode=verify-full&sslrootcert=${CA}`,
    { servers: [{ tls: { mode: "verify-full", isDirect: false, ca: expect.stringContaining("BEGIN CERTIFICATE") } }] },
    [],
  ],
  [
    "Azure, with the server in the user's name",
    "postgres://myadmin@myserver:p@ss@myserver.postgres.database.azure.com/postgres?sslmode=require",
    {
      user: "myadmin@myserver",
      password: "p@ss",
      servers: [{ host: "myserver.postgres.database.azure.com", port: 5432 }],
    },
    [],
  ],
  [
    "Azure, encoded",
    "postgresql://myadmin%40myserver:p%40ss@myserver.postgres.database.azure.com:5432/postgres?sslmode=require&target_session_attrs=read-write",
    { user: "myadmin@myserver", password: "p@ss", target: "read-write" },
    [],
  ],
  [
    "Cloud SQL over its socket",
    "postgres://user:pass@/db?host=/cloudsql/project:region:instance",
    { servers: [{ host: "/cloudsql/project:region:instance", tls: null }], user: "user", database: "db" },
    [],
  ],
  [
    "Prisma",
    "postgresql://janedoe:mypassword@localhost:5432/mydb?schema=public&connection_limit=5&pool_timeout=10&connect_timeout=5&sslmode=prefer&statement_cache_size=0",
    { database: "mydb", preparedStatements: false, servers: [{ tls: { mode: "prefer", isDirect: false } }] },
    ["connection_limit", "pool_timeout", "connect_timeout"],
  ],
  [
    "Vercel and Supabase",
    "postgres://u:p@db.example.com:6543/postgres?sslmode=require&supa=base-pooler.x",
    { servers: [{ port: 6543 }] },
    ["supa"],
  ],
  [
    "Supabase's direct connection",
    "postgresql://postgres:[YOUR-PASSWORD]@db.abcdefghijkl.supabase.co:5432/postgres",
    { password: "[YOUR-PASSWORD]", servers: [{ host: "db.abcdefghijkl.supabase.co", port: 5432 }] },
    [],
  ],
  [
    "pg_auto_failover",
    "postgres://node1:5001,node2:5002,node3:5003/demo?target_session_attrs=read-write&sslmode=prefer",
    {
      target: "read-write",
      servers: [
        { host: "node1", port: 5001 },
        { host: "node2", port: 5002 },
        { host: "node3", port: 5003 },
      ],
    },
    [],
  ],
  [
    "Patroni without a proxy",
    "postgresql://app:p@10.0.0.1,10.0.0.2,10.0.0.3:5432/app?target_session_attrs=primary&connect_timeout=2&keepalives_idle=30",
    { target: "primary", servers: [{ host: "10.0.0.1" }, { host: "10.0.0.2" }, { host: "10.0.0.3" }] },
    ["connect_timeout", "keepalives_idle"],
  ],
  [
    "Alibaba Cloud's RDS",
    "postgres://pgm-1.pg.rds.aliyuncs.com:3433,pgm-2.pg.rds.aliyuncs.com:3433/postgres?target_session_attrs=any",
    { target: "any", servers: [{ port: 3433 }, { port: 3433 }] },
    [],
  ],
  [
    "Aurora's cluster and reader endpoints",
    "postgresql://app:p@my.cluster-abc.eu-west-1.rds.amazonaws.com,my.cluster-ro-abc.eu-west-1.rds.amazonaws.com:5432/app?target_session_attrs=prefer-standby&load_balance_hosts=random&sslmode=require",
    {
      target: "prefer-standby",
      isBalanced: true,
      servers: [{ tls: { mode: "require" } }, { tls: { mode: "require" } }],
    },
    [],
  ],
];

test.for(PROVIDERS)("the connection string of %s is read", ([_, url, settings, ignored]) => {
  expect(readConnectionUrl(url)).toMatchObject({ settings, ignored, faults: [] });
});

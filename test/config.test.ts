import { expect, test } from "vitest";
import { type ConfigError, readConfig } from "../src/config.ts";

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).faults;
  }
}

test.each([
  [{ RATE_LIMIT_STORE: "memory" }, "RATE_LIMIT_STORE has no effect without RATE_LIMIT"],
  [{ DATABASE_REPLICA_URLS: "postgres://a/b" }, "DATABASE_REPLICA_URLS has no effect without DATABASE_URL"],
  [{ MAX_REPLICA_LAG_MS: "1000" }, "MAX_REPLICA_LAG_MS has no effect without DATABASE_REPLICA_URLS"],
  [{ METRICS_HOST: "0.0.0.0" }, "METRICS_HOST has no effect without METRICS_PORT"],
  [{ METRICS_HOST: "0.0.0.0", METRICS_TOKEN: "0123456789abcdef" }, "METRICS_HOST has no effect without METRICS_PORT"],
  [{ JWT_ISSUER: "https://a.example" }, "JWT_ISSUER has no effect without JWT_SECRET or JWT_JWKS_URL"],
  [{ JWT_AUDIENCE: "a" }, "JWT_AUDIENCE has no effect without JWT_SECRET or JWT_JWKS_URL"],
  [
    { DATABASE_URL: "postgres://u:p@a,b/db?port=1,2,3" },
    "DATABASE_URL has 3 values in port for 2 hosts: give one for each, or one for all",
  ],
  [
    { DATABASE_URL: "postgres://a,b/db?target_session_attrs=writable" },
    "DATABASE_URL has an unknown target_session_attrs: use one of any, read-write, read-only, primary, standby, prefer-standby",
  ],
  [{ TRUSTED_DOCUMENTS_MODE: "required" }, "TRUSTED_DOCUMENTS_MODE has no effect without TRUSTED_DOCUMENTS"],
  [{ TRUSTED_DOCUMENTS_MODE: "on" }, "TRUSTED_DOCUMENTS_MODE must be one of off, allowed, required"],
  [
    { TRUSTED_DOCUMENTS: "a.json", TRUSTED_DOCUMENTS_MODE: "required", GRAPHIQL: "on" },
    "GRAPHIQL=on has no effect with TRUSTED_DOCUMENTS_MODE=required, because GraphiQL sends documents that are not in the manifest",
  ],
  [{ METRICS_PORT: "4000" }, "METRICS_PORT must differ from PORT"],
  [{ METRICS_PORT: "9464", PORT: "9464" }, "METRICS_PORT must differ from PORT"],
  [{ NODE_ENV: "prod" }, "NODE_ENV must be one of production, development, test"],
  [{ NODE_ENV: "Production" }, "NODE_ENV must be one of production, development, test"],
  [{ NODE_ENV: "production " }, "NODE_ENV must be one of production, development, test"],
  [{ PORT: "1e2" }, "PORT must be a whole number from 0 to 65535"],
  [{ DATABASE_POOL_SIZE: "0" }, "DATABASE_POOL_SIZE must be a whole number from 1 to 1000"],
  [{ MIGRATE: "constructor" }, "MIGRATE must be on or off"],
  [{ LOG_LEVEL: "loud" }, "LOG_LEVEL must be one of debug, info, warn, error, silent"],
  [{ WORKERS: "100" }, "WORKERS must be auto or a whole number from 1 to 99"],
  [{ PATH_PREFIX: "/a b" }, "PATH_PREFIX must be a path such as /task-jobs"],
  [{ METRICS_TOKEN: "short" }, "METRICS_TOKEN must be at least 16 ASCII characters without spaces"],
  [
    { JWT_JWKS_URL: "ftp://a/keys" },
    "JWT_JWKS_URL must be a URL that starts with https:// or http:// and has no user name or password",
  ],
  [
    { JWT_JWKS_URL: "https://user:secret@a.example/keys" },
    "JWT_JWKS_URL must be a URL that starts with https:// or http:// and has no user name or password",
  ],
  [
    { RATE_LIMIT: "5" },
    "RATE_LIMIT must be a whole number from 1 to 9999999 and a unit, such as 100/s, 1000/m or 10000/h",
  ],
  [
    { CORS_ORIGINS: "https://a.example,*" },
    "CORS_ORIGINS must be origins such as https://app.example.com or https://*.example.com, separated by commas",
  ],
  [
    { CORS_ORIGINS: "https://a.example", CORS_ALLOWED_HEADERS: "X-A,B C" },
    "CORS_ALLOWED_HEADERS must be header names such as X-Client-Version, separated by commas",
  ],
  [
    { METRICS_TOKEN: "0123456789abcdef", WORKERS: "2" },
    "METRICS_TOKEN requires METRICS_PORT when WORKERS is above 1, because a worker can report only its own metrics",
  ],
  [
    { RATE_LIMIT: "1/s", RATE_LIMIT_STORE: "postgres" },
    "RATE_LIMIT_STORE=postgres requires DATABASE_URL, because the embedded PostgreSQL serves only one instance",
  ],
  [
    { NODE_ENV: "production" },
    "DATABASE_URL is required when NODE_ENV=production, because the embedded PostgreSQL is not meant for production",
  ],
])("the environment %o has exactly one fault, which names the setting", (environment, fault) => {
  expect(faultsOf(environment)).toEqual([fault]);
});

test.each([
  { RATE_LIMIT: "1/s", RATE_LIMIT_STORE: "memory" },
  { METRICS_PORT: "0", METRICS_HOST: "0.0.0.0" },
  { METRICS_PORT: "0", PORT: "0" },
  { NODE_ENV: "" },
  { NODE_ENV: "development" },
  { JWT_SECRET: "x", JWT_ISSUER: "a" },
  { JWT_JWKS_URL: "https://a.example/keys", JWT_AUDIENCE: "a" },
  { RATE_LIMIT_STORE: "", METRICS_HOST: " ", JWT_ISSUER: "" },
  { DATABASE_URL: "postgres://u:p,w@a:5432/db?application_name=a,b" },
  { WORKERS: "auto", PATH_PREFIX: "/tj/", LOG_LEVEL: "DEBUG", MIGRATE: "Off" },
])("the environment %o has no fault", (environment) => {
  expect(faultsOf(environment)).toEqual([]);
});

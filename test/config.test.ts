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
  [{ RATE_LIMIT_STORE: "memory" }, "RATE_LIMIT_STORE does nothing without RATE_LIMIT"],
  [{ METRICS_HOST: "0.0.0.0" }, "METRICS_HOST does nothing without METRICS_PORT"],
  [{ METRICS_HOST: "0.0.0.0", METRICS_TOKEN: "0123456789abcdef" }, "METRICS_HOST does nothing without METRICS_PORT"],
  [{ JWT_ISSUER: "https://a.example" }, "JWT_ISSUER does nothing without JWT_SECRET or JWT_JWKS_URL"],
  [{ JWT_AUDIENCE: "a" }, "JWT_AUDIENCE does nothing without JWT_SECRET or JWT_JWKS_URL"],
  [{ DATABASE_URL: "postgres://u:p@a:5432,b:5432/db" }, "DATABASE_URL must name one host"],
  [{ DATABASE_URL: "postgres://a,b/db?sslmode=require" }, "DATABASE_URL must name one host"],
  [{ DATABASE_URL: "postgres://a,b" }, "DATABASE_URL must name one host"],
  [{ METRICS_PORT: "4000" }, "METRICS_PORT must differ from PORT"],
  [{ METRICS_PORT: "9464", PORT: "9464" }, "METRICS_PORT must differ from PORT"],
  [{ NODE_ENV: "prod" }, "NODE_ENV must be one of production, development, test"],
  [{ NODE_ENV: "Production" }, "NODE_ENV must be one of production, development, test"],
  [{ NODE_ENV: "production " }, "NODE_ENV must be one of production, development, test"],
])("%o is one fault", (environment, fault) => {
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
])("%o is none", (environment) => {
  expect(faultsOf(environment)).toEqual([]);
});

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { readConnectionUrl } from "./db/connection-url.ts";
import { isOriginPattern } from "./http/cors.ts";
import { plainPathPrefix } from "./http/path-prefix.ts";

/** Beside the program, wherever it was started from. */
const DEFAULT_DATA_DIR = fileURLToPath(new URL("../.data", import.meta.url));

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Null: the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** Where the embedded PostgreSQL and the demo's keys lie. */
  readonly dataDir: string;
  readonly databasePoolSize: number;
  /** How many exports a process runs at once. */
  readonly exportSlots: number;
  readonly preparedStatements: boolean;
  readonly migrateAtStart: boolean;
  readonly statementTimeoutMs: number;
  /** All of a request's statements together, with what they wait for and what is tried again. */
  readonly requestTimeoutMs: number;
  readonly corsOrigins: readonly string[];
  /** Request headers that a page may send in addition to the built-in ones. */
  readonly corsAllowedHeaders: readonly string[];
  /** The path, such as `/tj`, under which a proxy publishes this server and which the proxy removes. `""` for none. */
  readonly pathPrefix: string;
  readonly graphiql: boolean;
  readonly logLevel: LogLevel;
  /** How long it still serves after it stopped being ready. */
  readonly shutdownDrainMs: number;
  readonly shutdownGraceMs: number;
  /** How many processes serve. */
  readonly workers: number;
  /** Null: no limit. */
  readonly rateLimit: RateLimitConfig | null;
  /** How many proxies of ours stand in front: so many of the last `X-Forwarded-For` addresses are believed. */
  readonly trustProxyHops: number;
  /** Null: nothing is collected. */
  readonly metrics: MetricsConfig | null;
  readonly jwt: JwtConfig;
}

export interface JwtConfig {
  readonly secret: string | null;
  readonly jwksUrl: URL | null;
  readonly issuer: string | null;
  readonly audience: string | null;
}

export interface RateLimitConfig {
  readonly points: number;
  readonly windowSeconds: number;
  readonly store: (typeof RATE_LIMIT_STORES)[number];
}

/** With a port of its own, or else on the main port for whoever has the token. */
export interface MetricsConfig {
  readonly port: number | null;
  readonly host: string;
  readonly token: string | null;
}

const RATE_LIMIT_STORES = ["memory", "postgres"] as const;
const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const NODE_ENVS: readonly string[] = ["production", "development", "test"];
const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Its message lists every fault of the environment, one a line, and never a value: a value may be a secret. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The environment is not usable:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(environment: Environment): Config {
  const faults: string[] = [];
  const read = environmentReader(environment, faults);

  const mode = read.text("NODE_ENV");
  // Express and Apollo Server also read this variable, and compare it with the exact words.
  if (mode !== null && !NODE_ENVS.includes(environment.NODE_ENV ?? "")) {
    faults.push(`NODE_ENV must be one of ${NODE_ENVS.join(", ")}`);
  }
  const production = environment.NODE_ENV === "production";
  const databaseUrl = readDatabaseUrl(read, faults);
  if (production && read.text("DATABASE_URL") === null) {
    faults.push("DATABASE_URL is required when NODE_ENV=production: the embedded PostgreSQL is for trying things out");
  }
  const config: Config = {
    port: read.integer("PORT", 4000, 0, 65_535),
    host: read.text("HOST") ?? (production ? "0.0.0.0" : "127.0.0.1"),
    databaseUrl,
    dataDir: read.text("DATA_DIR") ?? DEFAULT_DATA_DIR,
    databasePoolSize: read.integer("DATABASE_POOL_SIZE", 10, 1, 1000),
    exportSlots: read.integer("EXPORT_SLOTS", 4, 1, 100),
    preparedStatements: read.flag("DATABASE_PREPARED_STATEMENTS", true),
    migrateAtStart: read.flag("MIGRATE", true),
    statementTimeoutMs: read.integer("STATEMENT_TIMEOUT_MS", 1000, 1, 600_000),
    requestTimeoutMs: read.integer("REQUEST_TIMEOUT_MS", 1900, 1, 600_000),
    corsOrigins: read.origins("CORS_ORIGINS"),
    corsAllowedHeaders: read.headerNames("CORS_ALLOWED_HEADERS"),
    pathPrefix: read.pathPrefix("PATH_PREFIX"),
    graphiql: read.flag("GRAPHIQL", true),
    logLevel: read.choice("LOG_LEVEL", LOG_LEVELS, "info"),
    // Nobody balances the embedded demo, and Ctrl-C should be quick there.
    shutdownDrainMs: read.integer("SHUTDOWN_DRAIN_MS", databaseUrl === null ? 0 : 1000, 0, 600_000),
    shutdownGraceMs: read.integer("SHUTDOWN_GRACE_MS", 10_000, 0, 600_000),
    workers: read.workers("WORKERS"),
    rateLimit: readRateLimit(read, faults),
    trustProxyHops: read.integer("TRUST_PROXY_HOPS", 0, 0, 10),
    metrics: readMetrics(read),
    jwt: {
      secret: read.text("JWT_SECRET"),
      jwksUrl: read.url("JWT_JWKS_URL", ["https:", "http:"]),
      issuer: read.text("JWT_ISSUER"),
      audience: read.text("JWT_AUDIENCE"),
    },
  };
  if (config.metrics?.port === null && config.workers > 1) {
    faults.push("METRICS_TOKEN needs METRICS_PORT when WORKERS is above 1: one worker cannot answer for all");
  }
  if (config.metrics?.port === config.port && config.port !== 0) {
    faults.push("METRICS_PORT must differ from PORT");
  }
  for (const name of ["JWT_ISSUER", "JWT_AUDIENCE"]) read.onlyWith(name, "JWT_SECRET", "JWT_JWKS_URL");
  read.onlyWith("CORS_ALLOWED_HEADERS", "CORS_ORIGINS");
  read.onlyWith("METRICS_HOST", "METRICS_PORT");
  read.onlyWith("RATE_LIMIT_STORE", "RATE_LIMIT");
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

function readDatabaseUrl(read: Reader, faults: string[]): string | null {
  const url = read.text("DATABASE_URL");
  if (url !== null) faults.push(...readConnectionUrl(url).faults.map((fault) => `DATABASE_URL ${fault}`));
  return url;
}

function readRateLimit(read: Reader, faults: string[]): RateLimitConfig | null {
  const rate = read.rate("RATE_LIMIT");
  const store = read.choice("RATE_LIMIT_STORE", RATE_LIMIT_STORES, "memory");
  if (store === "postgres" && read.text("DATABASE_URL") === null) {
    faults.push("RATE_LIMIT_STORE=postgres needs DATABASE_URL: the embedded PostgreSQL serves one instance only");
  }
  return rate && { ...rate, store };
}

function readMetrics(read: Reader): MetricsConfig | null {
  const token = read.secret("METRICS_TOKEN", 16);
  const host = read.text("METRICS_HOST") ?? "127.0.0.1";
  const hasPort = read.text("METRICS_PORT") !== null;
  if (!hasPort && token === null) return null;
  return { port: hasPort ? read.integer("METRICS_PORT", 0, 0, 65_535) : null, host, token };
}

type Reader = ReturnType<typeof environmentReader>;

/** Every reader answers the default, or something harmless, where it notes a fault: the start stops anyway. */
function environmentReader(environment: Environment, faults: string[]) {
  /** An empty variable is an unset one: compose files and shells make them by accident. */
  const text = (name: string): string | null => environment[name]?.trim() || null;
  const list = (name: string): string[] =>
    (text(name) ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter(Boolean);

  return {
    text,
    /** A setting that does nothing was meant to do something. */
    onlyWith(name: string, ...others: string[]): void {
      if (text(name) === null || others.some((other) => text(other) !== null)) return;
      faults.push(`${name} does nothing without ${others.join(" or ")}`);
    },
    integer(name: string, fallback: number, min: number, max: number): number {
      const value = text(name);
      if (value === null) return fallback;
      const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      faults.push(`${name} must be a whole number from ${min} to ${max}`);
      return fallback;
    },
    flag(name: string, fallback: boolean): boolean {
      const value = text(name)?.toLowerCase();
      if (value === undefined) return fallback;
      if (value === "on" || value === "off") return value === "on";
      faults.push(`${name} must be on or off`);
      return fallback;
    },
    choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
      const value = text(name);
      if (value === null) return fallback;
      const chosen = choices.find((choice) => choice === value.toLowerCase());
      if (chosen !== undefined) return chosen;
      faults.push(`${name} must be one of ${choices.join(", ")}`);
      return fallback;
    },
    rate(name: string): { points: number; windowSeconds: number } | null {
      const value = text(name);
      if (value === null) return null;
      const [, points, unit = ""] = /^([1-9]\d{0,6})\/([smh])$/.exec(value) ?? [];
      const windowSeconds = SECONDS_OF_UNIT[unit];
      if (windowSeconds !== undefined) return { points: Number(points), windowSeconds };
      faults.push(`${name} must be a whole number from 1 to 9999999 and a unit, such as 100/s, 1000/m or 10000/h`);
      return null;
    },
    secret(name: string, minLength: number): string | null {
      const value = text(name);
      if (value === null || (value.length >= minLength && /^[\x21-\x7e]+$/.test(value))) return value;
      faults.push(`${name} must be at least ${minLength} characters of ASCII without spaces`);
      return null;
    },
    workers(name: string): number {
      if (text(name)?.toLowerCase() === "auto") return availableParallelism();
      const value = text(name) ?? "1";
      if (/^[1-9]\d?$/.test(value)) return Number(value);
      faults.push(`${name} must be auto or a whole number from 1 to 99`);
      return 1;
    },
    url(name: string, protocols: readonly string[]): URL | null {
      const value = text(name);
      if (value === null) return null;
      if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return new URL(value);
      faults.push(
        `${name} must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`,
      );
      return null;
    },
    origins(name: string): string[] {
      const origins = list(name);
      if (origins.every(isOriginPattern)) return origins;
      faults.push(
        `${name} must be origins such as https://app.example.com or https://*.example.com, separated by commas`,
      );
      return [];
    },
    headerNames(name: string): string[] {
      const names = list(name);
      if (names.every((header) => /^[\w!#$%&'+.^`|~-]+$/.test(header))) return names;
      faults.push(`${name} must be header names such as X-Client-Version, separated by commas`);
      return [];
    },
    pathPrefix(name: string): string {
      const prefix = plainPathPrefix(text(name) ?? "");
      if (prefix === null) faults.push(`${name} must be a path such as /task-jobs`);
      return prefix ?? "";
    },
  };
}

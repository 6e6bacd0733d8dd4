import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { JwtConfig } from "./auth/jwt.ts";
import { readConnectionUrl } from "./db/connection-url.ts";
import { readReplicaUrls } from "./db/replicas/replica-urls.ts";
import type { TrustedDocumentsConfig } from "./graphql/trusted/read-manifest.ts";
import { isOriginPattern } from "./http/cors.ts";
import type { MetricsConfig } from "./http/metrics-endpoint.ts";
import { plainPathPrefix } from "./http/path-prefix.ts";
import type { LogLevel } from "./log.ts";
import { createEnvironmentReader, type EnvironmentReader, parseRate } from "./values/environment.ts";

/** The directory beside the program, whatever the working directory is. */
const DEFAULT_DATA_DIR = fileURLToPath(new URL("../.data", import.meta.url));

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Null for the embedded PostgreSQL. */
  readonly databaseUrl: string | null;
  /** Replicas of the database at `databaseUrl`, which answer reads. */
  readonly replicaUrls: readonly string[];
  readonly maxReplicaLagMs: number;
  /** The directory of the embedded PostgreSQL and of the keys of the demo. */
  readonly dataDir: string;
  readonly databasePoolSize: number;
  /** How many exports a process runs at once. */
  readonly exportSlots: number;
  readonly liveStreams: number;
  readonly liveStreamsPerUser: number;
  readonly preparedStatements: boolean;
  readonly migrateAtStart: boolean;
  readonly statementTimeoutMs: number;
  /** The time limit of all statements of a request together, including waiting and retries. */
  readonly requestTimeoutMs: number;
  readonly corsOrigins: readonly string[];
  /** Request headers that a page may send in addition to the built-in list. */
  readonly corsAllowedHeaders: readonly string[];
  /** The path, such as `/tj`, under which a proxy publishes this server and which the proxy removes. `""` for none. */
  readonly pathPrefix: string;
  readonly graphiql: boolean;
  readonly apiDocs: boolean;
  readonly introspection: boolean;
  /** Null if callers may send any document. */
  readonly trustedDocuments: TrustedDocumentsConfig | null;
  readonly logLevel: LogLevel;
  /** How long the server still serves new requests after it has become "not ready". */
  readonly shutdownDrainMs: number;
  readonly shutdownGraceMs: number;
  /** The number of processes that serve requests. */
  readonly workers: number;
  /** Null for no limit. */
  readonly rateLimit: RateLimitConfig | null;
  /** The number of proxies in front of the server. As many of the last addresses in `X-Forwarded-For` are trusted. */
  readonly trustProxyHops: number;
  /** Null if metrics are off. */
  readonly metrics: MetricsConfig | null;
  readonly jwt: JwtConfig;
}

export interface RateLimitConfig {
  readonly points: number;
  readonly windowSeconds: number;
  readonly store: "memory" | "postgres";
}

const RATE_LIMIT_STORES = ["memory", "postgres"] as const;

const NODE_ENVS: readonly string[] = ["production", "development", "test"];
const TRUSTED_DOCUMENTS_MODES = ["off", "allowed", "required"] as const;
const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/** The message lists every fault of the environment on a line of its own. It contains no values, because they may be secrets. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The environment has invalid settings:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
}

export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const read = createEnvironmentReader(environment);
  // Express and Apollo Server also read this variable and compare it exactly.
  if (read.text("NODE_ENV") !== null && !NODE_ENVS.includes(environment.NODE_ENV ?? "")) {
    read.faults.push(`NODE_ENV must be one of ${NODE_ENVS.join(", ")}`);
  }
  const isProduction = environment.NODE_ENV === "production";
  const databaseUrl = readDatabaseUrl(read, isProduction);
  const replicas = readReplicaUrls(read.text("DATABASE_REPLICA_URLS"));
  read.faults.push(...replicas.faults);
  // The embedded demo has no load balancer, and Ctrl-C should be quick.
  const drainMs = databaseUrl === null ? 0 : 1000;
  const config: Config = {
    port: read.integer("PORT", { default: 4000, min: 0, max: 65_535 }),
    host: read.text("HOST") ?? (isProduction ? "0.0.0.0" : "127.0.0.1"),
    databaseUrl,
    replicaUrls: replicas.urls,
    maxReplicaLagMs: read.integer("MAX_REPLICA_LAG_MS", { default: 1000, min: 500, max: 3_600_000 }),
    dataDir: read.text("DATA_DIR") ?? DEFAULT_DATA_DIR,
    databasePoolSize: read.integer("DATABASE_POOL_SIZE", { default: 10, min: 1, max: 1000 }),
    exportSlots: read.integer("EXPORT_SLOTS", { default: 4, min: 1, max: 100 }),
    liveStreams: read.integer("LIVE_STREAMS", { default: 2000, min: 1, max: 20_000 }),
    liveStreamsPerUser: read.integer("LIVE_STREAMS_PER_USER", { default: 100, min: 1, max: 20_000 }),
    preparedStatements: read.flag("DATABASE_PREPARED_STATEMENTS", true),
    migrateAtStart: read.flag("MIGRATE", true),
    statementTimeoutMs: read.integer("STATEMENT_TIMEOUT_MS", { default: 1000, min: 1, max: 600_000 }),
    requestTimeoutMs: read.integer("REQUEST_TIMEOUT_MS", { default: 1900, min: 1, max: 600_000 }),
    corsOrigins: read.list("CORS_ORIGINS", {
      isValid: isOriginPattern,
      rule: "origins such as https://app.example.com or https://*.example.com",
    }),
    corsAllowedHeaders: read.list("CORS_ALLOWED_HEADERS", {
      isValid: (name) => /^[\w!#$%&'+.^`|~-]+$/.test(name),
      rule: "header names such as X-Client-Version",
    }),
    pathPrefix: read.parsed("PATH_PREFIX", { parse: plainPathPrefix, default: "", rule: "a path such as /task-jobs" }),
    apiDocs: read.flag("API_DOCS", true),
    ...readGraphqlAccess(read),
    logLevel: read.choice("LOG_LEVEL", LOG_LEVELS, "info"),
    shutdownDrainMs: read.integer("SHUTDOWN_DRAIN_MS", { default: drainMs, min: 0, max: 600_000 }),
    shutdownGraceMs: read.integer("SHUTDOWN_GRACE_MS", { default: 10_000, min: 0, max: 600_000 }),
    workers: read.parsed("WORKERS", { parse: parseWorkers, default: 1, rule: "auto or a whole number from 1 to 99" }),
    rateLimit: readRateLimit(read),
    trustProxyHops: read.integer("TRUST_PROXY_HOPS", { default: 0, min: 0, max: 10 }),
    metrics: readMetrics(read),
    jwt: {
      secret: read.text("JWT_SECRET"),
      jwksUrl: read.url("JWT_JWKS_URL", ["https:", "http:"]),
      issuer: read.text("JWT_ISSUER"),
      audience: read.text("JWT_AUDIENCE"),
    },
  };
  checkCombinations(read, config);
  if (read.faults.length > 0) throw new ConfigError(read.faults);
  return config;
}

function checkCombinations(read: EnvironmentReader, { metrics, workers, port }: Config): void {
  if (metrics?.port === null && workers > 1) {
    const reason = "because a worker can report only its own metrics";
    read.faults.push(`METRICS_TOKEN requires METRICS_PORT when WORKERS is above 1, ${reason}`);
  }
  if (metrics?.port === port && port !== 0) read.faults.push("METRICS_PORT must differ from PORT");
  for (const name of ["JWT_ISSUER", "JWT_AUDIENCE"]) read.onlyWith(name, "JWT_SECRET", "JWT_JWKS_URL");
  read.onlyWith("CORS_ALLOWED_HEADERS", "CORS_ORIGINS");
  read.onlyWith("METRICS_HOST", "METRICS_PORT");
  read.onlyWith("RATE_LIMIT_STORE", "RATE_LIMIT");
  read.onlyWith("DATABASE_REPLICA_URLS", "DATABASE_URL");
  read.onlyWith("MAX_REPLICA_LAG_MS", "DATABASE_REPLICA_URLS");
}

function readDatabaseUrl(read: EnvironmentReader, isProduction: boolean): string | null {
  const url = read.text("DATABASE_URL");
  if (url !== null) read.faults.push(...readConnectionUrl(url).faults.map((fault) => `DATABASE_URL ${fault}`));
  else if (isProduction) {
    const reason = "because the embedded PostgreSQL is not meant for production";
    read.faults.push(`DATABASE_URL is required when NODE_ENV=production, ${reason}`);
  }
  return url;
}

function readRateLimit(read: EnvironmentReader): RateLimitConfig | null {
  const rate = read.parsed("RATE_LIMIT", {
    parse: parseRate,
    default: null,
    rule: "a whole number from 1 to 9999999 and a unit, such as 100/s, 1000/m or 10000/h",
  });
  const store = read.choice("RATE_LIMIT_STORE", RATE_LIMIT_STORES, "memory");
  if (store === "postgres" && read.text("DATABASE_URL") === null) {
    const reason = "because the embedded PostgreSQL serves only one instance";
    read.faults.push(`RATE_LIMIT_STORE=postgres requires DATABASE_URL, ${reason}`);
  }
  return rate && { ...rate, store };
}

function readGraphqlAccess(read: EnvironmentReader) {
  const file = read.text("TRUSTED_DOCUMENTS");
  const mode = read.choice("TRUSTED_DOCUMENTS_MODE", TRUSTED_DOCUMENTS_MODES, file === null ? "off" : "allowed");
  if (mode !== "off") read.onlyWith("TRUSTED_DOCUMENTS_MODE", "TRUSTED_DOCUMENTS");
  const trustedDocuments = file === null || mode === "off" ? null : { file, required: mode === "required" };
  const graphiql = read.flag("GRAPHIQL", trustedDocuments?.required !== true);
  if (graphiql && trustedDocuments?.required === true) {
    const reason = "because GraphiQL sends documents that are not in the manifest";
    read.faults.push(`GRAPHIQL=on has no effect with TRUSTED_DOCUMENTS_MODE=required, ${reason}`);
  }
  return { trustedDocuments, graphiql, introspection: read.flag("INTROSPECTION", graphiql) };
}

function parseWorkers(text: string): number | null {
  if (text.toLowerCase() === "auto") return availableParallelism();
  return /^[1-9]\d?$/.test(text) ? Number(text) : null;
}

function readMetrics(read: EnvironmentReader): MetricsConfig | null {
  const token = read.secret("METRICS_TOKEN", 16);
  const host = read.text("METRICS_HOST") ?? "127.0.0.1";
  const hasPort = read.text("METRICS_PORT") !== null;
  if (!hasPort && token === null) return null;
  const port = hasPort ? read.integer("METRICS_PORT", { default: 0, min: 0, max: 65_535 }) : null;
  return { port, host, token };
}

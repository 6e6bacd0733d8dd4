import type { openBenchDatabase } from "./harness/database.mjs";
import type { startServer } from "./harness/server-process.mjs";
import type { readOptions } from "./options.mjs";

export type Options = ReturnType<typeof readOptions>;
export type BenchDatabase = Awaited<ReturnType<typeof openBenchDatabase>>;
export type RunningServer = Awaited<ReturnType<typeof startServer>>;

/** A program that serves the pages of jobs. Node starts `file`. */
export interface Competitor {
  readonly name: string;
  readonly label: string;
  readonly file: URL;
  readonly environment?: Readonly<Record<string, string>>;
  /** A peer that fails is skipped. The baseline and this service must not fail. */
  readonly isPeer?: boolean;
}

export interface GraphqlCompetitor extends Competitor {
  /** The document that requests the page in the schema of this server. */
  readonly document: string;
  readonly readJobs: (answer: PageAnswer) => readonly Job[];
}

export type Job = Readonly<Record<string, unknown>>;

/** A parsed response: REST returns `jobs`, and GraphQL `data`, whose fields differ from schema to schema. */
export interface PageAnswer {
  readonly errors?: readonly unknown[];
  readonly jobs: readonly Job[];
  readonly data: { readonly jobs: readonly Job[]; readonly taskJobs: { readonly jobs: readonly Job[] } };
}

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Each request replaces "{offset}" in its path by the next of these offsets. */
  readonly offsets?: { readonly from: number; readonly step: number; readonly below?: number };
}

/** The load lasts for a number of seconds, or until an amount of requests was answered. */
export type Load = { readonly connections?: number } & (
  | { readonly seconds: number; readonly rate?: number | undefined; readonly amount?: undefined }
  | { readonly amount: number; readonly seconds?: undefined; readonly rate?: undefined }
);

export interface LoadResult {
  readonly answers: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The CPU milliseconds that each part of the system has used. */
export type CpuParts = Readonly<Partial<Record<"node" | "postgres" | "pgbouncer" | "nginx", () => number>>>;

/** The CPU time per request, the throughput and the latency of one round. */
export interface Sample {
  readonly nodeMs?: number;
  readonly postgresMs?: number;
  readonly pgbouncerMs?: number;
  readonly nginxMs?: number;
  readonly totalMs: number;
  readonly perSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

export interface Stat {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

export interface Goal {
  readonly text: string;
  readonly verdict: "met" | "missed" | "within the noise";
}

/** A row of the report. It has a `measured` value, or figures of the CPU. */
export type Row = { readonly [Figure in keyof Sample]?: Stat } & {
  readonly name: string;
  readonly label?: string;
  readonly unit: string;
  readonly measured?: Stat;
  /** The ratio to the row, or to the limit, that `against` names. */
  readonly ratio?: Stat;
  readonly against?: string;
  readonly goals: Goal[];
};

/** The options, servers and database that every workload receives. */
export interface Bench {
  readonly options: Options;
  readonly database: BenchDatabase;
  /** The database with the jobs. */
  readonly url: string;
  readonly apiKey: string;
  readonly say: (text: string) => void;
  readonly start: (competitor: Competitor, environment?: Readonly<Record<string, string>>) => Promise<RunningServer>;
  /** Those of the peers that `--peers` selects. */
  readonly peers: <Peer extends Competitor>(peers: readonly Peer[]) => Peer[];
}

interface Result {
  readonly rows: readonly Row[];
  readonly notices?: readonly string[];
  /** The name of the row with the least CPU. Null if no row has clearly less than the others. */
  readonly winner?: string | null;
}

export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Runs only if `--only` names it. */
  readonly isOnRequest?: boolean;
  readonly run: (bench: Bench) => Promise<Result>;
}

export interface ReportedResult extends Result {
  readonly name: string;
  readonly title: string;
  readonly notices: readonly string[];
  readonly failure?: string;
}

export interface Report {
  readonly machine: {
    readonly cores: number;
    readonly cpu: string;
    readonly node: string;
    readonly postgres: string;
    readonly commit: string | null;
  };
  readonly options: { readonly rounds: number; readonly seconds: number };
  readonly workloads: readonly ReportedResult[];
}

import { once } from "node:events";
import type { Writable } from "node:stream";
import type postgres from "postgres";
import { COLUMN_NAMES } from "./result-row.ts";

type Transaction = postgres.TransactionSql;

/** Creates a temporary table, so that several imports do not see the rows of each other. */
export async function createStagingTable(tx: Transaction): Promise<void> {
  await tx`
    create temporary table import_rows (
      line int not null,
      raw text,
      has_own_id boolean not null,
      id uuid,
      email text not null,
      status text,
      is_role_based boolean not null,
      is_disposable boolean not null,
      has_mx_records boolean not null,
      has_reverse_dns boolean not null,
      domain_name text,
      host_name text,
      server_type text,
      is_catchall boolean not null,
      validated_at timestamptz,
      unknown_reason text,
      needs_physical_verify boolean not null,
      email_address text,
      job_status job_status not null,
      job_created_at timestamptz,
      job_updated_at timestamptz,
      is_repeat boolean not null default false,
      id_fault text
    ) on commit drop`;
}

export interface StagingCopy {
  /** Resolves when the socket has accepted the lines. */
  write(lines: Buffer): Promise<void>;
  end(): Promise<void>;
  abort(): Promise<void>;
}

/** Accepts lines in the text format of COPY with line, raw, has_own_id and then COLUMN_NAMES. */
export async function copyIntoStaging(tx: Transaction): Promise<StagingCopy> {
  const columns = ["line", "raw", "has_own_id", ...COLUMN_NAMES].join(", ");
  const stream: Writable = await tx.unsafe(`copy import_rows (${columns}) from stdin`).writable();
  // The caller receives errors from `write` and `end`, but an `error` event without a listener would end the process.
  stream.on("error", () => {});
  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        stream.write(lines, (error) => (error ? reject(stream.errored ?? error) : resolve()));
      }),
    async end() {
      if (stream.errored) throw stream.errored;
      const finished = once(stream, "finish");
      stream.end();
      // postgres.js loses an error that arrives after the last line, and then the stream never finishes. A query on the
      // same connection completes in either case.
      await new Promise(setImmediate);
      await Promise.race([finished, tx`select 1`]);
    },
    async abort() {
      stream.destroy(new Error("the import was stopped"));
      // The connection rejects the rollback until the stream is closed.
      if (!stream.closed) await once(stream, "close");
    },
  };
}

export async function prepareStaging(tx: Transaction): Promise<void> {
  await tx`create index on import_rows (line)`;
  await tx`analyze import_rows`;
}

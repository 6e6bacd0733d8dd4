/**
 * The position of the server in the write-ahead log (WAL) and the time of its start, read after the snapshot of the
 * statement, which therefore saw nothing beyond this position. `+` means that the effects of the next WAL record may be
 * visible already, and `*` that the server is not in recovery.
 */
export const POSITION = `
  case when not in_recovery then pg_current_wal_insert_lsn() || '*'
    when replayed = received then replayed::text else replayed || '+' end || ' ' || started
  from (select pg_is_in_recovery() as in_recovery, pg_last_wal_replay_lsn() as replayed,
    pg_last_wal_receive_lsn() as received, (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint as started
  ) server`;

/** Adds a last column and one row, which contains only the position in the last column. The other rows keep their order. */
export function withPosition(text: string): string {
  return `select * from (${text}) statement full join (select ${POSITION}) server (position) on false`;
}

/** Removes the row with the position, which may be any row, and returns the position. */
export function takePosition(rows: (readonly unknown[])[]): string {
  const index = rows.findIndex((row) => row.at(-1) !== null);
  const [row] = rows.splice(index, 1);
  return row?.at(-1) as string;
}

/** A position in the WAL, as the number of bytes before it. */
export type WalPosition = bigint;

export function furthest(positions: readonly WalPosition[]): WalPosition {
  let found = 0n;
  for (const position of positions) if (position > found) found = position;
  return found;
}

interface SeenPosition {
  /** The server had replayed, or written, at least this. */
  readonly atLeast: WalPosition;
  /** No statement that ran before saw anything beyond this position. */
  readonly atMost: WalPosition;
  readonly isInRecovery: boolean;
  /** The time at which the server was started, which no other server shares. */
  readonly started: string;
}

/** The shortest distance between the ends of two WAL records, because records are aligned. */
const RECORD_ALIGNMENT = 8n;

export function readPosition(text: string): SeenPosition {
  const [, lsn = "", mark = "", started = ""] = /^([0-9A-F/]+)([+*]?) (\d+)$/.exec(text) ?? [];
  const position = parseLsn(lsn);
  if (mark === "*") {
    const end = withoutPageHeader(position);
    return { atLeast: end, atMost: end, isInRecovery: false, started };
  }
  const atMost = mark === "+" ? position + RECORD_ALIGNMENT : position;
  return { atLeast: position, atMost, isInRecovery: true, started };
}

/** Reads the text of a `pg_lsn`, such as `16/B374D848`. */
export function parseLsn(text: string): WalPosition {
  const [high = "", low = ""] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

const PAGE_BYTES = 8192n;
/** The sizes of the header of a WAL page. The first page of a segment has the longer header. */
const PAGE_HEADERS = [24n, 40n];

/**
 * The position where the next record would begin may lie behind the header of a page that no standby has received yet. The
 * last record then ends where the page begins.
 */
function withoutPageHeader(position: WalPosition): WalPosition {
  const inPage = position % PAGE_BYTES;
  return PAGE_HEADERS.includes(inPage) ? position - inPage : position;
}

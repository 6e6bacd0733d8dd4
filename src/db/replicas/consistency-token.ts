import { hash } from "node:crypto";
import type { WalPosition } from "../reads/position.queries.ts";

/** A cluster and its timeline. A failover and a restore begin a new timeline, on which old positions mean nothing. */
export interface WalTimeline {
  readonly system: string;
  readonly timeline: number;
}

export interface ConsistencyToken {
  /** A digest of the cluster and its timeline. */
  readonly history: string;
  readonly position: WalPosition;
}

/** One header may contain several tokens, because callers cannot tell which of two tokens is newer. */
const MAX_TOKENS = 10;
/** The number at the start is the version of the format. The primary answers requests with tokens of other versions. */
const TOKEN = /^(\d{1,3})\.([A-Za-z0-9_-]{1,60})$/;
const VERSION = "1";
const HISTORY_BYTES = 6;
const POSITION_BYTES = 8;

/** The history of a server that was not measured yet. It matches no server, so that the primary answers. */
export const UNKNOWN_HISTORY = "0".repeat(2 * HISTORY_BYTES);

/** Identifies a timeline without naming the cluster to callers. */
export function historyOf({ system, timeline }: WalTimeline): string {
  return hash("sha256", `${system}/${timeline}`, "hex").slice(0, 2 * HISTORY_BYTES);
}

export function formatToken({ history, position }: ConsistencyToken): string {
  const bytes = Buffer.alloc(HISTORY_BYTES + POSITION_BYTES);
  bytes.write(history, "hex");
  bytes.writeBigUInt64BE(position, HISTORY_BYTES);
  return `${VERSION}.${bytes.toString("base64url")}`;
}

/** Returns null for a malformed header. The history of a token of another version is empty and matches no server. */
export function parseTokens(header: string): readonly ConsistencyToken[] | null {
  const texts = header.split(",", MAX_TOKENS + 1).map((text) => text.trim());
  const tokens = texts.map(parseToken);
  return texts.length <= MAX_TOKENS && tokens.every((token) => token !== null) ? tokens : null;
}

function parseToken(text: string): ConsistencyToken | null {
  const [, version, payload = ""] = TOKEN.exec(text) ?? [];
  if (version === undefined) return null;
  if (version !== VERSION) return { history: "", position: 0n };
  const bytes = Buffer.from(payload, "base64url");
  if (bytes.length !== HISTORY_BYTES + POSITION_BYTES || bytes.toString("base64url") !== payload) return null;
  return {
    history: bytes.toString("hex", 0, HISTORY_BYTES),
    position: bytes.readBigUInt64BE(HISTORY_BYTES),
  };
}

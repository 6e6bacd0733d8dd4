import { furthest, readPosition, type WalPosition } from "../reads/position.queries.ts";
import type { NotePosition } from "../reads/reads.ts";
import type { ConsistencyToken } from "./consistency-token.ts";
import type { Replica } from "./replica.ts";

interface RequestReadsOptions {
  readonly tokens: readonly ConsistencyToken[];
  /** The history of the primary, or null if it is unknown. */
  readonly historyName: string | null;
  /** Whether the primary that was measured last was started at this time. */
  readonly isMeasured: (started: string) => boolean;
}

/** The reads of one request. One server answers all of them: a replica, or the primary, also after a replica has failed. */
export class RequestReads {
  /** Null for the primary. */
  replica: Replica | null = null;
  /** The response must contain everything up to this position. */
  readonly required: WalPosition;
  /** Whether a token belongs to another history, so that only the primary may answer. */
  readonly needsPrimary: boolean;
  /** The request has seen nothing beyond this position. */
  seen: WalPosition = 0n;
  /** The request has seen everything up to this position. It is known only for shared reads. */
  contains: WalPosition = 0n;
  readonly historyName: string | null;
  /** Whether a new primary answered before it was measured, so that the timeline of the positions is unknown. */
  sawUnknownServer = false;
  readonly #isMeasured: (started: string) => boolean;

  constructor({ tokens, historyName, isMeasured }: RequestReadsOptions) {
    this.historyName = historyName;
    this.#isMeasured = isMeasured;
    const known = tokens.filter(({ history }) => history === historyName);
    this.needsPrimary = known.length < tokens.length;
    this.required = furthest(known.map(({ position }) => position));
  }

  /** A caller who sends the position of the response never receives older rows. */
  get position(): WalPosition {
    return furthest([this.seen, this.required]);
  }

  add(position: WalPosition): void {
    if (position > this.seen) this.seen = position;
  }

  readonly notePrimary: NotePosition = (text) => {
    const { atMost, started } = readPosition(text);
    this.sawUnknownServer ||= !this.#isMeasured(started);
    this.add(atMost);
  };

  noteAt(replica: Replica): NotePosition {
    return (text) => this.add(replica.checkPosition(text).atMost);
  }
}

import { Failure } from "../../errors.ts";
import type { OpenDatabase, Sql } from "../client.ts";
import { readPosition, type WalPosition } from "../reads/position.queries.ts";

/** The read is sent to the primary instead. */
class ReplicaUnusable extends Failure {
  constructor(readonly reason: string) {
    super("UNAVAILABLE");
  }
}

/** One replica and its last known position. The position is a lower bound, because a standby never goes back. */
export class Replica {
  readonly name: string;
  readonly database: OpenDatabase;
  /** A separate connection, so that measurements do not wait for pages. */
  readonly measuring: Sql;

  replayed: WalPosition = 0n;
  /** It contains everything that was committed before this time, a value of `performance.now()`. */
  containsAllUntil = Number.NEGATIVE_INFINITY;
  /** The start time of the server. A statement that returns another time ran at another server. */
  started = "";
  /** Whether the replica has become the primary of DATABASE_URL after a failover. */
  isPrimary = false;
  /** The number of requests that the primary had to answer instead. */
  failovers = 0;
  /** Why the replica is not used. Null if it is used. */
  reason: string | null = "was not measured yet";
  readonly #reads = new Set<(error: Error) => void>();

  constructor(parts: Pick<Replica, "name" | "database" | "measuring">) {
    this.name = parts.name;
    this.database = parts.database;
    this.measuring = parts.measuring;
  }

  get readsUnderWay(): number {
    return this.database.gauges.underWay() + this.database.gauges.waiting();
  }

  /** Checks that a statement ran at the server that was measured, because a URL may lead to several servers. */
  checkPosition(text: string): { readonly atMost: WalPosition } {
    const position = readPosition(text);
    if (position.started !== this.started) throw new ReplicaUnusable("the URL leads to another server");
    if (!position.isInRecovery && !this.isPrimary) throw new ReplicaUnusable("the replica was promoted");
    if (position.atLeast > this.replayed) this.replayed = position.atLeast;
    return position;
  }

  /** Forgets what was replayed, because positions of another timeline cannot be compared. */
  forget(): void {
    this.replayed = 0n;
    this.containsAllUntil = Number.NEGATIVE_INFINITY;
  }

  /** Returns the result of the read, and rejects as soon as the replica no longer answers its measurements. */
  whileReachable<T>(read: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#reads.add(reject);
      read.then(resolve, reject).finally(() => this.#reads.delete(reject));
    });
  }

  /** Rejects all running reads, so that their requests send them to the primary. */
  abandonReads(): void {
    for (const reject of this.#reads) reject(new ReplicaUnusable("the replica does not answer"));
    this.#reads.clear();
  }
}

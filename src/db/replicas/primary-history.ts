import type { WalPosition } from "../reads/position.queries.ts";

interface Sample {
  /** The first time before a measurement of this position. */
  readonly since: number;
  /** A time before the last measurement of this position, as a value of `performance.now()`. */
  at: number;
  readonly position: WalPosition;
}

/** Two minutes of measurements. The lag of a replica that falls further behind is counted from its last known time. */
const MAX_SAMPLES = 600;

/**
 * The positions of the primary over time. A replica that has replayed a position contains everything that was committed
 * before the time of this sample, so that no clocks are compared and an idle primary does not look like lag.
 */
export class PrimaryHistory {
  #samples: Sample[] = [];

  get newest(): WalPosition {
    return this.#samples.at(-1)?.position ?? 0n;
  }

  /** The last position that the primary already had at this time. 0 if it is unknown. */
  positionAt(time: number): WalPosition {
    return this.#samples.findLast(({ since }) => since <= time)?.position ?? 0n;
  }

  add(at: number, position: WalPosition): void {
    const last = this.#samples.at(-1);
    if (last?.position === position) last.at = at;
    else this.#samples.push({ since: at, at, position });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** The time up to which a server with this position contains every commit. Null if the position is before all samples. */
  timeOf(position: WalPosition): number | null {
    return this.#samples.findLast((sample) => sample.position <= position)?.at ?? null;
  }

  clear(): void {
    this.#samples = [];
  }
}

/** The speed of a queue is known after it has served this many requests without becoming empty. */
const MIN_MEASURED = 20;

/** The speed at which a queue has been served since it was last empty. */
export class QueueSpeed {
  #since = 0;
  #served = 0;

  restart(): void {
    this.#since = performance.now();
    this.#served = 0;
  }

  countServed(): void {
    this.#served += 1;
  }

  /** Returns the milliseconds between two served requests, or 0 if the speed is not known. */
  intervalMs(): number {
    return this.#served < MIN_MEASURED ? 0 : (performance.now() - this.#since) / this.#served;
  }
}

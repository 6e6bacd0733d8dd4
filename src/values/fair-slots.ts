import { Failure } from "../errors.ts";
import { QueueSpeed } from "./queue-speed.ts";

/** A holder is alone if no other holder has requested a slot for this long. */
const LATELY_MS = 10_000;

interface FairSlotsOptions {
  readonly slots: number;
  /** Returns the number of slots that a holder may have. `isAlone` is false if another holder has requested a slot recently. */
  readonly perHolder: (name: string, isAlone: boolean) => number;
  /** The longest queue of one holder. Each entry keeps a request in memory. */
  readonly maxWaiting: number;
  /** The longest queue of all holders together. */
  readonly maxWaitingInAll: number;
}

/** An entry in the queue. `cancel` removes the entry when its client has disconnected. */
export interface QueuedSlot {
  readonly granted: Promise<void>;
  readonly cancel: () => void;
}

interface Waiter {
  readonly grant: () => void;
  isDone: boolean;
}

interface Holder {
  readonly name: string;
  running: number;
  waiting: number;
  readonly queue: Waiter[];
  readonly speed: QueueSpeed;
}

/** A request is refused at once, because its wait would be too long. */
export class QueueFull extends Failure {
  constructor() {
    super("UNAVAILABLE");
  }
}

export type FairSlots = ReturnType<typeof createFairSlots>;

/**
 * Shares slots among holders, each with at most its share and a queue of its own; the queues are served in rotation. A
 * request that would wait past its deadline fails as UNAVAILABLE at once.
 */
export function createFairSlots({ slots, perHolder, maxWaiting, maxWaitingInAll }: FairSlotsOptions) {
  const holders = new Map<string, Holder>();
  /** The holders with a queue, in the order in which their next requests are served. */
  let rotation: Holder[] = [];
  let running = 0;
  let waiting = 0;
  const speed = new QueueSpeed();
  let newest = "";
  let changedAt = Number.NEGATIVE_INFINITY;

  function holderOf(name: string): Holder {
    const known = holders.get(name);
    if (known !== undefined) return known;
    const holder = { name, running: 0, waiting: 0, queue: [], speed: new QueueSpeed() };
    holders.set(name, holder);
    return holder;
  }

  function forgetIfIdle(name: string, holder: Holder): void {
    if (holder.running + holder.waiting === 0) holders.delete(name);
  }

  function isFree(holder: Holder): boolean {
    return running < slots && holder.running < perHolder(holder.name, performance.now() - changedAt > LATELY_MS);
  }

  /** Returns the longer of two estimates: by the speed of this queue, and by the speed of all queues in rotation. */
  function expectedWaitMs(holder: Holder): number {
    const before = Math.min(waiting, (holder.waiting + 1) * (rotation.length + 1));
    return Math.max(holder.waiting * holder.speed.intervalMs(), before * speed.intervalMs());
  }

  function cannotWait(holder: Holder, msLeft: number): boolean {
    const isFull = holder.waiting >= maxWaiting || waiting >= maxWaitingInAll;
    return isFull || msLeft <= 0 || expectedWaitMs(holder) > msLeft;
  }

  function begin(holder: Holder): void {
    running += 1;
    holder.running += 1;
  }

  function grantWaiting(): void {
    for (let index = 0; index < rotation.length && running < slots; ) {
      const holder = rotation[index] as Holder;
      if (!isFree(holder)) {
        index += 1;
        continue;
      }
      rotation.splice(index, 1);
      const next = nextOf(holder);
      if (next === undefined) continue;
      if (holder.waiting > 0) rotation.push(holder);
      holder.speed.countServed();
      speed.countServed();
      begin(holder);
      next.grant();
    }
  }

  function nextOf(holder: Holder): Waiter | undefined {
    for (let next = holder.queue.shift(); next !== undefined; next = holder.queue.shift()) {
      if (next.isDone) continue;
      next.isDone = true;
      holder.waiting -= 1;
      waiting -= 1;
      return next;
    }
    return undefined;
  }

  function enqueue(name: string, holder: Holder, msLeft: number): QueuedSlot {
    if (holder.waiting === 0) {
      holder.speed.restart();
      rotation.push(holder);
    }
    if (waiting === 0) speed.restart();
    holder.waiting += 1;
    waiting += 1;
    let cancel = () => {};
    const granted = new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        isDone: false,
        grant: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      cancel = () => {
        if (waiter.isDone) return;
        waiter.isDone = true;
        clearTimeout(timer);
        holder.waiting -= 1;
        waiting -= 1;
        if (holder.waiting === 0) leaveRotation(holder);
        forgetIfIdle(name, holder);
        reject(new Failure("UNAVAILABLE"));
      };
      const timer = setTimeout(() => cancel(), msLeft);
      holder.queue.push(waiter);
    });
    return { granted, cancel };
  }

  function leaveRotation(holder: Holder): void {
    holder.queue.length = 0;
    rotation = rotation.filter((other) => other !== holder);
  }

  return {
    /** Takes a free slot and returns undefined, or adds an entry to the queue. Call `free` once for each slot. */
    take(name: string, msLeft: number): QueuedSlot | undefined {
      if (name !== newest) {
        if (newest !== "") changedAt = performance.now();
        newest = name;
      }
      const holder = holderOf(name);
      if (holder.waiting === 0 && isFree(holder)) {
        begin(holder);
        return undefined;
      }
      if (cannotWait(holder, msLeft)) {
        forgetIfIdle(name, holder);
        throw new QueueFull();
      }
      return enqueue(name, holder, msLeft);
    },

    free(name: string): void {
      const holder = holders.get(name);
      if (holder === undefined) throw new Error("A slot was freed twice, or was never taken");
      running -= 1;
      holder.running -= 1;
      if (waiting > 0) grantWaiting();
      forgetIfIdle(name, holder);
    },

    running: () => running,
    waiting: () => waiting,
  };
}

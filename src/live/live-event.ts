import { type ChangeList, type ChangeState, cursorOfState } from "./change-cursor.ts";
import type { Change, TaskWatch } from "./watch-tasks.ts";
import type { Horizon } from "./watched-task.queries.ts";

/** The outcome of an event's execution, which several watchers may share. */
export interface EventOutcome {
  /** Whether there is anything to send. */
  readonly hasNews: boolean;
  /** Whether no event follows. */
  readonly isLast: boolean;
  /** The state of a reader of changes after this event. */
  readonly state?: ChangeState;
  readonly hasMore?: boolean;
}

/** The root value of one event. Its operation is executed once for all watchers whose events have the same key. */
export interface LiveEvent {
  readonly key: string;
  /** The time of the change, in `performance.now()`. Counts that began before this time are too old. */
  readonly readAfter: number;
  /** The time, in `performance.now()`, at which the change was found, or null for the first event. */
  readonly foundAt: number | null;
  readonly state: ChangeState;
  readonly horizon: Horizon | null;
  /** Set by the resolver. */
  outcome: EventOutcome | null;
  /** Continues after the outcome. */
  readonly accept: (outcome: EventOutcome) => void;
}

export interface LiveEvents extends AsyncIterableIterator<LiveEvent> {
  /** Reads once more, until there is nothing left, and ends. */
  readonly drain: () => void;
}

/** The events of a reader. An async generator cannot be used, because its `return` waits for the next change. */
export function liveEvents(watch: TaskWatch, list: ChangeList, begin: ChangeState): LiveEvents {
  let state = begin;
  let mustRead = true;
  // Changes since the batch of the cursor began may already have been announced to other readers. They are not announced again.
  let isOldBatch = begin.next !== null;
  let isDone = false;
  let isDraining = false;
  const finish = () => {
    isDone = true;
    watch.close();
  };
  const acceptor =
    (isFinal: boolean) =>
    (outcome: EventOutcome): void => {
      state = outcome.state ?? state;
      mustRead = outcome.hasMore ?? false;
      if (isOldBatch && state.next === null) {
        isOldBatch = false;
        mustRead = true;
      }
      if (outcome.isLast || (isFinal && !mustRead)) finish();
    };
  const eventOf = ({ version, readAfter, horizon }: Change, isFirst: boolean): LiveEvent => ({
    // The last reading must not be one that others have shared before.
    key: [version, isDraining ? performance.now() : "", cursorOfState(list, state), ...state.known].join(" "),
    readAfter,
    foundAt: isFirst ? null : readAfter,
    state,
    horizon: isFirst ? null : horizon,
    outcome: null,
    // The rest of a batch does not contain what was changed after its first page.
    accept: acceptor(isDraining && state.next === null),
  });
  return {
    async next() {
      const isFirst = mustRead;
      mustRead = false;
      if (isDone) return { done: true, value: undefined };
      const change = isFirst ? watch.latest() : await watch.next();
      if (isDone || (change === null && !isDraining)) return { done: true, value: undefined };
      return { done: false, value: eventOf(change ?? watch.latest(), isFirst || change === null) };
    },
    drain() {
      isDraining = true;
      watch.close();
    },
    async return() {
      finish();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** A row's place in the order of its task's jobs. */
export interface PagePlace {
  /** How many jobs come before it. */
  readonly offset: number;
  readonly createdAt: string;
  readonly id: string;
}

/** A place as it was found at a version of the task's jobs. */
export type KnownPlace = PagePlace & { readonly version: string };

interface TaskPlaces {
  readonly version: string;
  /** By ascending offset. */
  places: PagePlace[];
}

/** About 4 MB when full. */
const MAX_PLACES = 20_000;
/** A walk of 500,000 jobs at 100 a page. */
const MAX_PLACES_OF_A_TASK = 5000;

/**
 * Where served pages began and ended, so that the next page starts there instead of counting from the top again. Each
 * process has its own: a place is only a hint, and the statement that uses it compares the version first.
 */
export class PagePlaces {
  /** The least recently used task first. */
  readonly #tasks = new Map<string, TaskPlaces>();
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The nearest place at or before the offset. */
  find(taskId: string, offset: number): KnownPlace | null {
    const task = this.#tasks.get(taskId);
    if (task === undefined) return null;
    const place = task.places[countUpTo(task.places, offset) - 1];
    return place === undefined ? null : { ...place, version: task.version };
  }

  remember(taskId: string, version: string, place: PagePlace): void {
    const known = this.#tasks.get(taskId);
    const task = known?.version === version ? known : { version, places: [] };
    if (known !== undefined && known !== task) this.#count -= known.places.length;

    const index = countUpTo(task.places, place.offset);
    if (task.places[index - 1]?.offset !== place.offset) {
      task.places.splice(index, 0, place);
      this.#count += 1;
    }
    if (task.places.length > MAX_PLACES_OF_A_TASK) this.#thinOut(task);
    this.#tasks.delete(taskId);
    this.#tasks.set(taskId, task);
    this.#makeRoom();
  }

  /** Every second one goes: from what is left no page is further than before by more than a few pages. */
  #thinOut(task: TaskPlaces): void {
    const kept = task.places.filter((_, index) => index % 2 === 1);
    this.#count -= task.places.length - kept.length;
    task.places = kept;
  }

  #makeRoom(): void {
    for (const [taskId, { places }] of this.#tasks) {
      if (this.#count <= MAX_PLACES) return;
      this.#tasks.delete(taskId);
      this.#count -= places.length;
    }
  }
}

/** How many places have an offset up to this one; places are sorted. */
function countUpTo(places: readonly PagePlace[], offset: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

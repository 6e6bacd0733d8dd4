import { bulkhead } from "cockatiel";
import DataLoader from "dataloader";

/** Of one request: its other searches wait here, not in the queue where everybody's do. */
const SEARCHES_AT_ONCE = 2;

export type OpenTaskBatches = ReturnType<typeof openSearchTurns>;

/** What the searches of one request share. */
export function openSearchTurns() {
  const turns = bulkhead(SEARCHES_AT_ONCE, Number.POSITIVE_INFINITY);

  /** One statement for a page of tasks: a loader for each search, told apart by `key`, that the request asks with. */
  return function openTaskBatches<Found>() {
    const loaders = new Map<string, DataLoader<string, Found>>();

    return (key: string, taskId: string, search: (taskIds: readonly string[]) => Promise<Found[]>): Promise<Found> => {
      const loader =
        loaders.get(key) ??
        new DataLoader<string, Found>((taskIds) => turns.execute(() => search(taskIds)), { maxBatchSize: 100 });
      loaders.set(key, loader);
      return loader.load(taskId);
    };
  };
}

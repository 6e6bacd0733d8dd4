import DataLoader from "dataloader";
import { failRequest } from "../errors.ts";

/** Reads all tasks of a page with one statement. Each request has one loader per search, identified by `key`. */
export function createTaskBatches<Found>() {
  const loaders = new Map<string, DataLoader<string, Found>>();

  return (key: string, taskId: string, search: (taskIds: readonly string[]) => Promise<Found[]>): Promise<Found> => {
    const loader =
      loaders.get(key) ??
      new DataLoader<string, Found>((taskIds) => search(taskIds).catch(failRequest), { maxBatchSize: 100 });
    loaders.set(key, loader);
    return loader.load(taskId);
  };
}

import DataLoader from "dataloader";

/** One statement for a page of tasks: a loader for each search, told apart by `key`, that a request asks with. */
export function createTaskBatches<Found>() {
  const loaders = new Map<string, DataLoader<string, Found>>();

  return (key: string, taskId: string, search: (taskIds: readonly string[]) => Promise<Found[]>): Promise<Found> => {
    const loader = loaders.get(key) ?? new DataLoader<string, Found>(search, { maxBatchSize: 100 });
    loaders.set(key, loader);
    return loader.load(taskId);
  };
}

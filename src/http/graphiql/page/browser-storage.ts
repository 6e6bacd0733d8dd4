/** The part of the browser's Storage that this page uses. */
export interface PageStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
  names(): string[];
  /** False if the browser blocks storage, so that the content is lost when the page closes. */
  readonly isLasting: boolean;
}

/** The browser's storage, or a map in memory if the browser blocks storage. */
export function createBrowserStorage(kind: "localStorage" | "sessionStorage"): PageStorage {
  try {
    const storage = window[kind];
    const probe = "task-jobs-api:probe";
    storage.setItem(probe, "1");
    storage.removeItem(probe);
    return {
      getItem: (name) => storage.getItem(name),
      setItem: (name, value) => storage.setItem(name, value),
      removeItem: (name) => storage.removeItem(name),
      names: () => Object.keys(storage),
      isLasting: true,
    };
  } catch {
    return createMemoryStorage();
  }
}

function createMemoryStorage(): PageStorage {
  const values = new Map<string, string>();
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
    names: () => [...values.keys()],
    isLasting: false,
  };
}

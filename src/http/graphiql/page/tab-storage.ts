import type { PageStorage } from "./browser-storage.ts";
import type { ExampleTab } from "./examples.ts";

/** The interface that GraphiQL expects of a storage. */
export interface TabStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
  clear(): void;
  readonly length: number;
}

/**
 * Keeps what GraphiQL remembers apart per demo: tabs left over from an older database, or from another project's
 * GraphiQL on the same port, would otherwise hide this page's examples and make the first click fail.
 */
export function createTabStorage(storage: PageStorage, owner: string, onClear: () => void): TabStorage {
  const prefix = `task-jobs-api:${owner}:`;
  const ownNames = () => storage.names().filter((name) => name.startsWith(prefix));
  return {
    getItem: (name) => storage.getItem(prefix + name),
    setItem: (name, value) => storage.setItem(prefix + name, value),
    removeItem: (name) => storage.removeItem(prefix + name),
    clear: () => {
      for (const name of ownNames()) storage.removeItem(name);
      onClear();
    },
    get length() {
      return ownNames().length;
    },
  };
}

export interface KnownTasks {
  readonly userId: string | null;
  readonly taskIds: readonly string[];
}

const KNOWN_TASKS = "known-tasks";

/** The tasks of the last accepted key, so that the tabs are also corrected for another user after a reload. */
export function readKnownTasks(storage: TabStorage): KnownTasks {
  const none = { userId: null, taskIds: [] };
  try {
    const known: KnownTasks | null = JSON.parse(storage.getItem(KNOWN_TASKS) ?? "null");
    return Array.isArray(known?.taskIds) ? known : none;
  } catch {
    return none;
  }
}

export function writeKnownTasks(storage: TabStorage, tasks: KnownTasks): void {
  try {
    storage.setItem(KNOWN_TASKS, JSON.stringify(tasks));
  } catch {
    // When the storage is full, only the correction after a reload is lost.
  }
}

/**
 * The tab that GraphiQL will show first, or null when nothing is stored. GraphiQL restores the tabs but not the variables
 * of the active one (graphql/graphiql#3392), so the page has to name both.
 */
export function readActiveTab(storage: TabStorage): ExampleTab | null {
  try {
    const state: { activeTabIndex?: number; tabs?: { query?: string | null; variables?: string | null }[] } | null =
      JSON.parse(storage.getItem("graphiql:tabState") ?? "null");
    const tab = state?.tabs?.[state.activeTabIndex ?? 0];
    return tab ? { query: tab.query ?? "", variables: tab.variables ?? "" } : null;
  } catch {
    // Written by an older or a newer GraphiQL: it will start afresh, and so does the page.
    return null;
  }
}

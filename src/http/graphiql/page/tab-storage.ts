import type { ExampleTab } from "./examples.ts";

/** The part of the browser's Storage that GraphiQL uses. */
export interface TabStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
  clear(): void;
  readonly length: number;
}

/**
 * What GraphiQL remembers, kept apart per task: tabs left over from an older database, or from another project's
 * GraphiQL on the same port, would otherwise hide this page's presets and make the first click fail.
 */
export function openTabStorage(browserStorage: Storage, taskId: string): TabStorage {
  const prefix = `task-jobs-api:${taskId}:`;
  const ownNames = () => Object.keys(browserStorage).filter((name) => name.startsWith(prefix));
  return {
    getItem: (name) => browserStorage.getItem(prefix + name),
    setItem: (name, value) => browserStorage.setItem(prefix + name, value),
    removeItem: (name) => browserStorage.removeItem(prefix + name),
    clear: () => {
      for (const name of ownNames()) browserStorage.removeItem(name);
    },
    get length() {
      return ownNames().length;
    },
  };
}

/**
 * The tab GraphiQL will show first, or null when nothing is stored. GraphiQL restores the tabs but not the variables
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

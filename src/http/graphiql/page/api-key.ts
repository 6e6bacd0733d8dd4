import type { PageStorage } from "./browser-storage.ts";

const NAME = "task-jobs-api:api-key";

export interface KeptKey {
  read(): string;
  write(key: string): void;
  clear(): void;
}

/** Keeps the API key for this browser tab only. The demo's key is never stored, because it changes with the demo's database. */
export function keepKey(storage: PageStorage, demoApiKey: string | null): KeptKey {
  const clear = () => storage.removeItem(NAME);
  return {
    read: () => storage.getItem(NAME) ?? demoApiKey ?? "",
    write(key) {
      if (key === "" || key === demoApiKey) return clear();
      try {
        storage.setItem(NAME, key);
      } catch {
        // When the storage is full, the key works but does not survive a reload.
      }
    },
    clear,
  };
}

/** Removes what a copy from a terminal or a curl command adds, such as blanks and `Bearer`. */
export function cleanKey(text: string): string {
  return text.trim().replace(/^(Authorization:\s*)?Bearer\s+/i, "");
}

/** A header value may hold visible ASCII only; fetch throws for anything else. */
export function isSendable(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

import { useCallback, useEffect, useRef, useState } from "react";
import { type Account, readAccount, type TaskChoice } from "./account.ts";
import type { KeptKey } from "./api-key.ts";

/** The key is checked after it has not changed for this time, or at once on Enter. */
const CHECK_AFTER_MS = 500;

/** The API key in the field and the result of the server's check. */
export function useAccount(endpoint: URL, keptKey: KeptKey) {
  const [apiKey, setText] = useState(keptKey.read);
  const [account, setAccount] = useState<Account>({ state: apiKey === "" ? "none" : "checking" });
  const [nextCheck, setNextCheck] = useState({ afterMs: 0 });
  const keyRef = useRef(apiKey);
  const currentKey = useCallback(() => keyRef.current, []);

  const setApiKey = useCallback(
    (key: string) => {
      keyRef.current = key;
      keptKey.write(key);
      setText(key);
      setAccount({ state: key === "" ? "none" : "checking" });
      setNextCheck({ afterMs: CHECK_AFTER_MS });
    },
    [keptKey],
  );

  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(async () => {
      const found = await readAccount({ endpoint, currentKey }, controller.signal);
      if (!controller.signal.aborted) setAccount(found);
    }, nextCheck.afterMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [endpoint, currentKey, nextCheck]);

  const addTasks = useCallback((found: readonly TaskChoice[]) => {
    setAccount((known) => (known.state === "accepted" ? { ...known, tasks: merge(known.tasks, found) } : known));
  }, []);
  const check = useCallback(() => setNextCheck({ afterMs: 0 }), []);
  return { apiKey, setApiKey, currentKey, account, check, addTasks };
}

/** Newest first, as the server lists them. */
function merge(known: readonly TaskChoice[], found: readonly TaskChoice[]): readonly TaskChoice[] {
  const isNew = ({ id }: TaskChoice) => known.every((task) => task.id !== id);
  const added = found.filter(isNew);
  if (added.length === 0) return known;
  return [...known, ...added].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

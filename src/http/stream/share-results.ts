/** How long a result is kept for watchers that ask a moment later. */
const KEEP_MS = 500;

/** Runs work once for all that ask for the same key at about the same time. A failure is shared only while it runs. */
export function createSharedResults<Result>() {
  const results = new Map<string, Promise<Result>>();
  return (key: string, run: () => Promise<Result>): Promise<Result> => {
    const known = results.get(key);
    if (known !== undefined) return known;
    const result = run();
    results.set(key, result);
    const forget = () => results.delete(key);
    result.then(() => setTimeout(forget, KEEP_MS).unref(), forget);
    return result;
  };
}

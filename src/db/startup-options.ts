/** Options that the proxies of Neon and Supabase read from the startup message instead of PostgreSQL. */
const PROXY_OPTIONS = new Set(["endpoint", "project", "reference"]);

/** Settings that change only the speed of a query, not its rows, their format or the privileges of the session. */
const HARMLESS = new Set("geqo jit work_mem hash_mem_multiplier effective_cache_size random_page_cost".split(" "));

interface StartupOptions {
  readonly kept: string | undefined;
  readonly ignored: readonly string[];
  readonly faults: readonly string[];
}

/**
 * Reads the `options` of a connection. Only known settings are sent to PostgreSQL, because a setting such as `role` or
 * `row_security` could change responses or break each query.
 */
export function readStartupOptions(text = "", ownSettings: ReadonlySet<string>): StartupOptions {
  const kept: string[] = [];
  const ignored: string[] = [];
  const faults: string[] = [];
  // A backslash escapes a blank. `-c` and its setting may be one word or two.
  for (const [option] of text.matchAll(/(?:-c\s+)?(?:\\.|\S)+/g)) {
    const [, prefix, word = ""] = /^(-c\s*|--|)([a-z][\w.-]{0,62})=/i.exec(option) ?? [];
    const name = word.toLowerCase().replaceAll("-", "_");
    if (prefix === undefined) faults.push("has an option that is not of the form -c name=value");
    else if ((prefix === "" ? PROXY_OPTIONS : HARMLESS).has(name)) kept.push(option);
    else if (prefix !== "" && ownSettings.has(name)) ignored.push(name);
    else faults.push(`has ${name} in options, which is not supported`);
  }
  return { kept: kept.join(" ") || undefined, ignored, faults: [...new Set(faults)] };
}

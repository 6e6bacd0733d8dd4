const PAIR = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}/g;
const HALF = /\\u[dD][89a-fA-F][\da-fA-F]{2}/;

export const SURROGATE_RULE = "must not escape half of a surrogate pair";

/** Whether JSON escapes half of a surrogate pair. UTF-8 cannot express it, so PostgreSQL would receive another character. */
export function hasLoneSurrogate(json: string): boolean {
  return HALF.test(json.replaceAll("\\\\", "--").replace(PAIR, "--"));
}

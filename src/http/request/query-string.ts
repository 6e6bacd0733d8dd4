/** One parameter of a query string. */
export interface QueryParameter {
  readonly name: string;
  /** Null if the value is not percent-encoded UTF-8. */
  readonly value: string | null;
}

export const ENCODING_RULE = "must be percent-encoded UTF-8";

/** Reads a query string strictly, because `URLSearchParams` replaces invalid UTF-8 by U+FFFD and keeps malformed escapes as text. */
export function readQueryString(url: string): QueryParameter[] {
  const [, query = ""] = /\?([^#]*)/.exec(url) ?? [];
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", ...value] = part.split("=");
      return { name: decoded(name) ?? name, value: decoded(value.join("=")) };
    });
}

/** `decodeURIComponent` refuses lone `%`, overlong forms, encoded surrogates and truncated sequences. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

/** One parameter of a query string. */
export interface QueryParameter {
  readonly name: string;
  /** Null if the value is not percent-encoded UTF-8. */
  readonly value: string | null;
}

export const ENCODING_RULE = "must be percent-encoded UTF-8";

/** Parses a query string strictly. `URLSearchParams` replaces invalid UTF-8 by U+FFFD and keeps malformed escapes as text. */
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

/** Returns null for a lone `%`, an overlong form, an encoded surrogate or a truncated sequence. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

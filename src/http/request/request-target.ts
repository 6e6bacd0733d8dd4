const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/[^/?#]+/i;

/**
 * Returns the path and query of a request target, or null if it names no path. A server must accept absolute targets
 * (RFC 9112 section 3.2.2), and Express parses only some of them.
 */
export function originFormOf(target: string): string | null {
  const [text = ""] = target.replace(ABSOLUTE, "").split("#", 1);
  const path = withDecodablePath(text);
  if (path === "" || path.startsWith("?")) return `/${path}`;
  return path.startsWith("/") || path === "*" ? path : null;
}

/** Escapes a malformed `%`, which Express would refuse before authentication. The path is then unknown or has an invalid id. */
function withDecodablePath(target: string): string {
  const [path = "", ...query] = target.split("?");
  try {
    decodeURIComponent(path);
    return target;
  } catch {
    return [path.replaceAll("%", "%25"), ...query].join("?");
  }
}

/** Returns the authority of an absolute-form target, such as `example.com:80`, or null for every other form. */
export function authorityOf(target: string): string | null {
  return /^[a-z][a-z\d+.-]*:\/\/([^/?#]+)/i.exec(target)?.[1] ?? null;
}

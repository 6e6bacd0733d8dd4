const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/[^/?#]+/i;

/**
 * Path and query: RFC 9112 section 3.2.2 has a server take an absolute target, whose authority says nothing to us. Express
 * parses one only in part, and answers what it cannot parse itself. Null for what names no path.
 */
export function originFormOf(target: string): string | null {
  const [text = ""] = target.replace(ABSOLUTE, "").split("#", 1);
  const path = withDecodablePath(text);
  if (path === "" || path.startsWith("?")) return `/${path}`;
  return path.startsWith("/") || path === "*" ? path : null;
}

/** Escapes a malformed `%`, because Express refuses it before authentication. The path is then unknown, or has an invalid id. */
function withDecodablePath(target: string): string {
  const [path = "", ...query] = target.split("?");
  try {
    decodeURIComponent(path);
    return target;
  } catch {
    return [path.replaceAll("%", "%25"), ...query].join("?");
  }
}

/** The authority of an absolute-form target, such as `example.com:80`, or null for every other form. */
export function authorityOf(target: string): string | null {
  return /^[a-z][a-z\d+.-]*:\/\/([^/?#]+)/i.exec(target)?.[1] ?? null;
}

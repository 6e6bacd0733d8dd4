const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\/[^/?#]+/i;

/**
 * Path and query: RFC 9112 section 3.2.2 has a server take an absolute target, whose authority says nothing to us. Express
 * parses one only in part, and answers what it cannot parse itself. Null for what names no path.
 */
export function originFormOf(target: string): string | null {
  const [path = ""] = target.replace(ABSOLUTE, "").split("#", 1);
  if (path === "" || path.startsWith("?")) return `/${path}`;
  return path.startsWith("/") || path === "*" ? path : null;
}

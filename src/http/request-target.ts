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

/** Express answers a path with a malformed escape before anybody is authenticated. As text it is an unknown path, or a wrong id. */
function withDecodablePath(target: string): string {
  const [path = "", ...query] = target.split("?");
  try {
    decodeURIComponent(path);
    return target;
  } catch {
    return [path.replaceAll("%", "%25"), ...query].join("?");
  }
}

/** The authority of an absolute target, such as `example.com:80`; null for every other form. */
export function authorityOf(target: string): string | null {
  return /^[a-z][a-z\d+.-]*:\/\/([^/?#]+)/i.exec(target)?.[1] ?? null;
}

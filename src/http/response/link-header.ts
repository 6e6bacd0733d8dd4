import { Failure } from "../../errors.ts";
import { MAX_OFFSET, type Page } from "../../paging/page.ts";

/** Keeps all headers together under 8 KB, which Node's fetch and common proxies accept. */
const MAX_NEXT_BYTES = 6500;
const MAX_LINK_BYTES = 4096;

/**
 * The request whose pages are linked (RFC 8288). Links are relative, because the Host header is not trusted, and they repeat
 * only known query parameters, because an unknown parameter may be a secret.
 */
export interface LinkTarget {
  readonly path: string;
  readonly query: URLSearchParams;
  /** The names of the known parameters. */
  readonly kept: readonly string[];
}

/** Returns the links to the first, previous, next and last page by offset. */
export function pageLinks(target: LinkTarget, { limit, offset }: Page, count: number): string {
  const last = count === 0 ? 0 : Math.floor((count - 1) / limit) * limit;
  const next = offset + limit;
  const link = (rel: string, at: number) => linkTo(target, rel, { limit: `${limit}`, offset: `${at}` });
  const links = [link("first", 0)];
  if (offset > 0) links.push(link("prev", Math.max(0, Math.min(offset - limit, last))));
  const nextOnly = next < count && next <= MAX_OFFSET ? [checkLength(link("next", next))] : [];
  links.push(...nextOnly, link("last", Math.min(last, MAX_OFFSET)));
  const all = links.join(", ");
  // Every link repeats the filter. If the filter is long, only `next` is sent: without `next` a client would take this page for the last one.
  return Buffer.byteLength(all) <= MAX_LINK_BYTES ? all : nextOnly.join();
}

/** Returns the link to the next page by cursor. */
export function nextLink(target: LinkTarget, endCursor: string): string {
  const limit = target.query.get("limit");
  return checkLength(linkTo(target, "next", { after: endCursor, ...(limit === null ? {} : { limit }) }));
}

function linkTo({ path, query, kept }: LinkTarget, rel: string, position: Readonly<Record<string, string>>): string {
  const others = [...query].filter(([name]) => kept.includes(name));
  return `<${path}?${new URLSearchParams([...Object.entries(position), ...others])}>; rel="${rel}"`;
}

/** Fails for a `next` link that is too long. The other links are left out instead. */
function checkLength(link: string): string {
  if (Buffer.byteLength(link) <= MAX_NEXT_BYTES) return link;
  const message = `The filter parameters are too long: the link to the next page must not have more than ${MAX_NEXT_BYTES} bytes. Use fewer values, or GraphQL, which accepts longer filters`;
  throw new Failure("INVALID_INPUT", { message });
}

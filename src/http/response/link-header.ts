import { Failure } from "../../errors.ts";
import { MAX_OFFSET, type Page } from "../../paging/page.ts";

/** Keeps all headers together under 8 KB, which Node's fetch and common proxies accept. */
const MAX_NEXT_BYTES = 6500;
const MAX_LINK_BYTES = 4096;

/**
 * RFC 8288. The targets are relative references, resolved against the request: absolute ones would have to believe the
 * Host header. Of the query they keep the parameters that the path knows: what is ignored needs no echo, and may be a secret.
 */
export interface Linked {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly kept: readonly string[];
}

export function pageLinks(linked: Linked, { limit, offset }: Page, count: number): string {
  const last = count === 0 ? 0 : Math.floor((count - 1) / limit) * limit;
  const next = offset + limit;
  const link = (rel: string, at: number) => linkTo(linked, rel, { limit: `${limit}`, offset: `${at}` });
  const links = [link("first", 0)];
  if (offset > 0) links.push(link("prev", Math.max(0, Math.min(offset - limit, last))));
  const nextOnly = next < count && next <= MAX_OFFSET ? [ofBoundedSize(link("next", next))] : [];
  links.push(...nextOnly, link("last", Math.min(last, MAX_OFFSET)));
  const all = links.join(", ");
  // A long filter is repeated in every link, so drop all but `next`: without it a client would think that this is the last page.
  return Buffer.byteLength(all) <= MAX_LINK_BYTES ? all : nextOnly.join();
}

/** The next page of a walk by cursor. */
export function nextLink(linked: Linked, endCursor: string): string {
  const limit = linked.query.get("limit");
  return ofBoundedSize(linkTo(linked, "next", { after: endCursor, ...(limit === null ? {} : { limit }) }));
}

function linkTo({ path, query, kept }: Linked, rel: string, place: Readonly<Record<string, string>>): string {
  const others = [...query].filter(([name]) => kept.includes(name));
  return `<${path}?${new URLSearchParams([...Object.entries(place), ...others])}>; rel="${rel}"`;
}

/** Only `next` must not be left out, so only `next` can be too long. */
function ofBoundedSize(link: string): string {
  if (Buffer.byteLength(link) <= MAX_NEXT_BYTES) return link;
  const message = `The filter parameters are too long: the link to the next page must not have more than ${MAX_NEXT_BYTES} bytes. Use fewer values, or GraphQL, which accepts longer filters`;
  throw new Failure("INVALID_INPUT", { message });
}

import { MAX_OFFSET, type Page } from "../page.ts";

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
  const links: [string, number][] = [["first", 0]];
  if (offset > 0) links.push(["prev", Math.max(0, Math.min(offset - limit, last))]);
  if (next < count && next <= MAX_OFFSET) links.push(["next", next]);
  links.push(["last", Math.min(last, MAX_OFFSET)]);
  return links.map(([rel, at]) => linkTo(linked, rel, { limit: `${limit}`, offset: `${at}` })).join(", ");
}

/** The next page of a walk by cursor. */
export function nextLink(linked: Linked, endCursor: string): string {
  const limit = linked.query.get("limit");
  return linkTo(linked, "next", { after: endCursor, ...(limit === null ? {} : { limit }) });
}

function linkTo({ path, query, kept }: Linked, rel: string, place: Readonly<Record<string, string>>): string {
  const others = [...query].filter(([name]) => kept.includes(name));
  return `<${path}?${new URLSearchParams([...Object.entries(place), ...others])}>; rel="${rel}"`;
}

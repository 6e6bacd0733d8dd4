import { MAX_OFFSET, type Page } from "../page.ts";

/**
 * RFC 8288. The targets are relative references, resolved against the request: absolute ones would have to believe the
 * Host header. They keep what else was asked for, such as a filter.
 */
export function pageLinks(taskId: string, query: URLSearchParams, { limit, offset }: Page, count: number): string {
  const last = count === 0 ? 0 : Math.floor((count - 1) / limit) * limit;
  const next = offset + limit;
  const links: [string, number][] = [["first", 0]];
  if (offset > 0) links.push(["prev", Math.max(0, Math.min(offset - limit, last))]);
  if (next < count && next <= MAX_OFFSET) links.push(["next", next]);
  links.push(["last", Math.min(last, MAX_OFFSET)]);
  const others = othersOf(query, ["limit", "offset"]);
  return links
    .map(([rel, at]) => `</api/v1/tasks/${taskId}/jobs?limit=${limit}&offset=${at}${others}>; rel="${rel}"`)
    .join(", ");
}

/** The next page of a walk by cursor. */
export function nextLink(taskId: string, query: URLSearchParams, endCursor: string): string {
  const others = othersOf(query, ["after", "offset"]);
  return `</api/v1/tasks/${taskId}/jobs?after=${endCursor}${others}>; rel="next"`;
}

/** Only the names this endpoint knows: what is ignored needs no echo. */
const KEPT =
  /^(limit|status|email_status|deliverability|(is|has|needs)_[a-z_]+|domain|q|created_(from|to)|updated_(since|to))$/;

function othersOf(query: URLSearchParams, replaced: readonly string[]): string {
  const others = new URLSearchParams([...query].filter(([name]) => KEPT.test(name) && !replaced.includes(name)));
  return others.size === 0 ? "" : `&${others}`;
}

import { MAX_OFFSET, type Page } from "../page.ts";

/**
 * RFC 8288. The targets are relative references, resolved against the request: absolute ones would have to believe the
 * Host header.
 */
export function linkHeader(taskId: string, { limit, offset }: Page, count: number): string {
  const last = count === 0 ? 0 : Math.floor((count - 1) / limit) * limit;
  const next = offset + limit;
  const links: [string, number][] = [["first", 0]];
  if (offset > 0) links.push(["prev", Math.max(0, Math.min(offset - limit, last))]);
  if (next < count && next <= MAX_OFFSET) links.push(["next", next]);
  links.push(["last", Math.min(last, MAX_OFFSET)]);
  return links
    .map(([rel, at]) => `</api/v1/tasks/${taskId}/jobs?limit=${limit}&offset=${at}>; rel="${rel}"`)
    .join(", ");
}

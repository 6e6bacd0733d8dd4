/** @import { Bench, HttpRequest } from "../types.ts" */

/**
 * All servers get the same headers, but only this service checks the key.
 * @param {Bench} bench
 */
export const headersOf = (bench) => ({ Authorization: `Bearer ${bench.apiKey}`, "Accept-Encoding": "identity" });

/**
 * Requests a page over REST. An `offset` of "{offset}" is replaced by the load, and `more` is appended to the query string.
 * @param {Bench} bench
 * @param {string} taskId
 * @param {{ limit: number, offset?: number | "{offset}", more?: string }} page
 * @returns {HttpRequest}
 */
export function restPage(bench, taskId, { limit, offset = 0, more = "" }) {
  const path = `/api/v1/tasks/${taskId}/jobs?limit=${limit}&offset=${offset}${more}`;
  return { method: "GET", path, headers: headersOf(bench) };
}

/**
 * @param {Bench} bench
 * @param {string} document
 * @param {{ taskId: string, limit: number }} page
 */
export function graphqlPage(bench, document, { taskId, limit }) {
  return graphql(bench, document, { taskId, limit, offset: 0 });
}

/**
 * @param {Bench} bench
 * @param {string} document
 * @param {Readonly<Record<string, unknown>>} variables
 * @returns {HttpRequest}
 */
export function graphql(bench, document, variables) {
  return {
    method: "POST",
    path: "/graphql",
    headers: { ...headersOf(bench), "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query: document, variables }),
  };
}

/**
 * Sends one request outside of the measurements.
 * @param {{ origin: string }} server
 * @param {HttpRequest} request
 */
export async function send(server, { method, path, headers, body }) {
  const response = await fetch(server.origin + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} returned ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

/** All servers get the same headers, but only this service checks the key. */
const headersOf = (bench) => ({ Authorization: `Bearer ${bench.apiKey}`, "Accept-Encoding": "identity" });

/** `offset` may be "{offset}", which the load replaces by its next offset. */
export function restPage(bench, taskId, { limit, offset = 0, more = "" }) {
  const path = `/api/v1/tasks/${taskId}/jobs?limit=${limit}&offset=${offset}${more}`;
  return { method: "GET", path, headers: headersOf(bench) };
}

export function graphqlPage(bench, document, { taskId, limit, offset = 0 }) {
  return graphql(bench, document, { taskId, limit, offset });
}

export function graphql(bench, document, variables) {
  return {
    method: "POST",
    path: "/graphql",
    headers: { ...headersOf(bench), "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query: document, variables }),
  };
}

/** Sends one request outside of the measurements. */
export async function send(server, { method, path, headers, body }) {
  const response = await fetch(server.origin + path, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

import type { ExampleTab } from "./examples.ts";

export interface LinkedTab extends ExampleTab {
  readonly operationName: string | null;
}

/** The server refuses a request line and headers of more than 8 KB together. */
const MAX_LINK_LENGTH = 6000;

/** The operation of a link such as `?query=…&variables=…&operationName=…`, or null. */
export function readLinkedTab(search: string): LinkedTab | null {
  const parameters = new URLSearchParams(search);
  const query = parameters.get("query");
  if (query === null || query.trim() === "") return null;
  return {
    query,
    variables: prettyJson(parameters.get("variables") ?? ""),
    operationName: parameters.get("operationName") || null,
  };
}

/** The URL that opens this operation as a tab, or null if it would be too long. The URL never contains the API key. */
export function linkTo({ query, variables, operationName }: LinkedTab): string | null {
  const link = new URL(location.pathname, location.origin);
  link.searchParams.set("query", query);
  const values = variables.trim();
  if (values !== "" && values !== "{}") link.searchParams.set("variables", compactJson(values));
  if (operationName !== null) link.searchParams.set("operationName", operationName);
  return link.href.length > MAX_LINK_LENGTH ? null : link.href;
}

function prettyJson(text: string): string {
  return reformat(text, 2);
}

function compactJson(text: string): string {
  return reformat(text);
}

/** Variables that are not valid JSON are shown unchanged, so that the user can correct them. */
function reformat(text: string, indent?: number): string {
  try {
    return JSON.stringify(JSON.parse(text), null, indent);
  } catch {
    return text;
  }
}

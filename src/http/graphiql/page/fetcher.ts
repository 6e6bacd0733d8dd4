/** What GraphiQL hands over for one request. */
interface FetcherRequest {
  query: string;
  operationName?: string | null;
  variables?: unknown;
}

interface FetcherOptions {
  headers?: Record<string, unknown>;
}

interface GraphQLResponse {
  data?: unknown;
  errors?: readonly { message: string; extensions?: { code?: string } }[];
}

export interface FetcherListener {
  /** Null when the schema came; otherwise why docs and completion are missing. */
  schemaAnswered(refusal: string | null): void;
  /** The schema had been refused, an operation was not: its headers are better than the preset ones. */
  acceptedAfterRefusal(): void;
}

export function createFetcher(introspectionHeaders: Record<string, string>, listener: FetcherListener) {
  let schemaRefused = false;
  return async (request: FetcherRequest, options?: FetcherOptions) => {
    const isIntrospection = request.operationName === "IntrospectionQuery";
    // GraphiQL introspects before its headers editor exists. An operation whose headers the user has emptied must
    // stay without them.
    const headers = options?.headers ?? (isIntrospection ? introspectionHeaders : {});
    const response = await post(request, headers);
    if (isIntrospection) {
      schemaRefused = !response.data;
      listener.schemaAnswered(schemaRefused ? (response.errors?.[0]?.message ?? "The answer has no schema.") : null);
    } else if (schemaRefused && !isUnauthenticated(response)) {
      listener.acceptedAfterRefusal();
    }
    return response;
  };
}

function isUnauthenticated(response: GraphQLResponse): boolean {
  return response.errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED") ?? false;
}

/** The body counts whatever the status: a refused request carries its reason as a GraphQL error. */
async function post(request: FetcherRequest, headers: Record<string, unknown>): Promise<GraphQLResponse> {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      Accept: "application/graphql-response+json, application/json",
      "Content-Type": "application/json",
      ...stringValues(headers),
    },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`HTTP ${response.status}, and the body is not JSON: ${text.slice(0, 200)}`);
  }
}

function stringValues(headers: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

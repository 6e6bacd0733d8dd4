import { isSendable } from "./api-key.ts";

/** What GraphiQL hands over for one request. */
interface FetcherRequest {
  query: string;
  operationName?: string | null;
  variables?: unknown;
}

interface FetcherOptions {
  headers?: Record<string, unknown>;
}

export interface GraphQLResponse {
  data?: Record<string, unknown> | null;
  errors?: readonly { message: string; extensions?: { code?: string } }[];
}

interface Observer {
  next(response: GraphQLResponse): void;
  error(error: unknown): void;
  complete(): void;
}

export interface Connection {
  readonly endpoint: URL;
  /** The key in the field above GraphiQL; empty for none. */
  readonly currentKey: () => string;
}

interface FetcherSettings extends Connection {
  /** The answer to introspection without an accepted key, which is not sent because the server would refuse it. */
  readonly refusal: GraphQLResponse | null;
  readonly isKeyAccepted: boolean;
  readonly onRun: () => void;
  readonly onAnswer: (response: GraphQLResponse) => void;
}

export function createFetcher({ isKeyAccepted, refusal, onRun, onAnswer, ...connection }: FetcherSettings) {
  return (request: FetcherRequest, options?: FetcherOptions) => {
    const headers = options?.headers ?? {};
    if (request.operationName === "IntrospectionQuery") {
      if (isKeyAccepted) return post(connection, request, { headers });
      // While the key is checked, GraphiQL waits; the result of the check brings another fetcher.
      return refusal === null ? new Promise<GraphQLResponse>(() => {}) : Promise.resolve(refusal);
    }
    onRun();
    const named = withoutStaleName(request);
    return observe((signal) => post(connection, named, { headers, signal }), onAnswer);
  };
}

/** GraphiQL sends the previous operation name for 100 ms after the tab or the text has changed. */
function withoutStaleName(request: FetcherRequest): FetcherRequest {
  const { query, operationName } = request;
  const hasName = new RegExp(`\\b(query|mutation|subscription)\\s+${operationName}\\b`).test(query);
  return hasName ? request : { ...request, operationName: null };
}

/** An observable, because GraphiQL's Stop button and a change of the tab unsubscribe, which aborts the request. */
function observe(send: (signal: AbortSignal) => Promise<GraphQLResponse>, onAnswer: (r: GraphQLResponse) => void) {
  return {
    subscribe(observer: Observer) {
      const controller = new AbortController();
      send(controller.signal).then(
        (response) => {
          if (controller.signal.aborted) return;
          observer.next(response);
          observer.complete();
          onAnswer(response);
        },
        (error) => {
          if (!controller.signal.aborted) observer.error(error);
        },
      );
      return { unsubscribe: () => controller.abort() };
    },
  };
}

interface PostOptions {
  readonly headers?: Record<string, unknown>;
  readonly signal?: AbortSignal;
}

/** The body counts whatever the status: a refused request carries its reason as a GraphQL error. */
export async function post(
  { endpoint, currentKey }: Connection,
  request: FetcherRequest,
  { headers = {}, signal }: PostOptions = {},
): Promise<GraphQLResponse> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: requestHeaders(currentKey(), headers),
    body: JSON.stringify(request),
    ...(signal && { signal }),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`HTTP ${response.status}, and the body is not JSON: ${text.slice(0, 200)}`);
  }
}

/** A credential in GraphiQL's Headers pane replaces the key in the field. */
function requestHeaders(key: string, own: Record<string, unknown>): Headers {
  const headers = new Headers({
    Accept: "application/graphql-response+json, application/json",
    "Content-Type": "application/json",
  });
  for (const [name, value] of Object.entries(own)) headers.set(name, String(value));
  const hasOwnCredential = headers.has("Authorization") || headers.has("X-API-Key");
  if (!hasOwnCredential && isSendable(key)) headers.set("Authorization", `Bearer ${key}`);
  return headers;
}

import { isSendable } from "./api-key.ts";
import { EVENT_STREAM, isEventStream, isSubscription, readResults } from "./result-stream.ts";

const GRAPHQL_TYPES = "application/graphql-response+json, application/json";

/** The parameters that GraphiQL passes for one request. */
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
    return observe(async (signal, onResult) => {
      if (!isSubscription(named)) return onResult(await post(connection, named, { headers, signal }));
      const response = await send(connection, named, { headers, signal, accept: EVENT_STREAM });
      // A refused request carries its reason as JSON.
      if (isEventStream(response)) await readResults(response, onResult);
      else onResult(await readJson(response));
    }, onAnswer);
  };
}

/** GraphiQL sends the previous operation name for 100 ms after the tab or the text has changed. */
function withoutStaleName(request: FetcherRequest): FetcherRequest {
  const { query, operationName } = request;
  const hasName = new RegExp(`\\b(query|mutation|subscription)\\s+${operationName}\\b`).test(query);
  return hasName ? request : { ...request, operationName: null };
}

type OnResult = (result: GraphQLResponse) => void;

/** An observable, because GraphiQL's Stop button and a change of the tab unsubscribe, which aborts the request. */
function observe(run: (signal: AbortSignal, onResult: OnResult) => Promise<void>, onAnswer: OnResult) {
  return {
    subscribe(observer: Observer) {
      const controller = new AbortController();
      const { signal } = controller;
      const onResult = (result: GraphQLResponse) => {
        if (signal.aborted) return;
        observer.next(result);
        onAnswer(result);
      };
      run(signal, onResult)
        // GraphiQL would show the stack of an error beside its message.
        .catch((error: Error) => onResult({ errors: [{ message: error.message }] }))
        .then(() => signal.aborted || observer.complete());
      return { unsubscribe: () => controller.abort() };
    },
  };
}

interface SendOptions {
  readonly headers?: Record<string, unknown>;
  readonly signal?: AbortSignal;
  readonly accept?: string;
}

export async function post(
  connection: Connection,
  request: FetcherRequest,
  options?: SendOptions,
): Promise<GraphQLResponse> {
  return readJson(await send(connection, request, options));
}

async function send(
  { endpoint, currentKey }: Connection,
  request: FetcherRequest,
  { headers = {}, signal, accept = GRAPHQL_TYPES }: SendOptions = {},
): Promise<Response> {
  const init = {
    method: "POST",
    headers: requestHeaders(currentKey(), headers, accept),
    body: JSON.stringify(request),
    ...(signal && { signal }),
  };
  return fetch(endpoint, init).catch((error: Error) => {
    throw new Error(`The server cannot be reached: ${error.message}`);
  });
}

/** Reads the body for any status, because a refused request carries its reason as a GraphQL error. */
async function readJson(response: Response): Promise<GraphQLResponse> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`HTTP ${response.status}, and the body is not JSON: ${text.slice(0, 200)}`);
  }
}

/** A credential in GraphiQL's Headers pane replaces the key in the field. */
function requestHeaders(key: string, own: Record<string, unknown>, accept: string): Headers {
  const headers = new Headers({ Accept: accept, "Content-Type": "application/json" });
  for (const [name, value] of Object.entries(own)) headers.set(name, String(value));
  const hasOwnCredential = headers.has("Authorization") || headers.has("X-API-Key");
  if (!hasOwnCredential && isSendable(key)) headers.set("Authorization", `Bearer ${key}`);
  return headers;
}

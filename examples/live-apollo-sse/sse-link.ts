import { ApolloLink, Observable } from "@apollo/client";
import { print } from "graphql";
import type { Client } from "graphql-sse";

/** Sends subscriptions as server-sent events. Apollo Client has no such link of its own. */
export class SseLink extends ApolloLink {
  readonly #client: Client;

  constructor(client: Client) {
    super();
    this.#client = client;
  }

  override request({ query, operationName, variables, extensions }: ApolloLink.Operation) {
    return new Observable<ApolloLink.Result>((observer) =>
      this.#client.subscribe<Record<string, unknown>, Record<string, unknown>>(
        { query: print(query), ...(operationName && { operationName }), variables, extensions },
        {
          next: (result) => observer.next(result),
          error: (error) => observer.error(error),
          complete: () => observer.complete(),
        },
      ),
    );
  }
}

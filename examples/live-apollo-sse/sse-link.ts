import { ApolloLink, Observable } from "@apollo/client";
import { print } from "graphql";
import type { Client } from "graphql-sse";

/** Sends subscriptions as server-sent events. Apollo Client has no such link of its own. */
export class SseLink extends ApolloLink {
  constructor(private readonly client: Client) {
    super();
  }

  override request({ query, operationName, variables, extensions }: ApolloLink.Operation) {
    return new Observable<ApolloLink.Result>((observer) =>
      this.client.subscribe(
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

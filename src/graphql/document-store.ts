import type { ApolloServerOptions, BaseContext } from "@apollo/server";
import type { DocumentNode } from "graphql";

type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>["documentStore"]>;

/**
 * A token takes 0.7 KB with its node, and as much again once the document was compiled: 90 MB, which is some 600 documents of
 * 100 tokens or 64 of the largest. REST is one, an application a few dozen. Whoever writes a new one each time drives out
 * those of others, which are then parsed again.
 */
const MAX_TOKENS = 64_000;

/**
 * The documents that passed validation, the least recently used dropped first. Apollo's own store is bounded by the length of
 * the JSON of its documents, 30 MB, and that is several times as much in memory.
 */
export function openDocumentStore(maxTokens = MAX_TOKENS): DocumentStore {
  const stored = new Map<string, { readonly document: DocumentNode; readonly tokens: number }>();
  let tokens = 0;

  function drop(key: string): boolean {
    tokens -= stored.get(key)?.tokens ?? 0;
    return stored.delete(key);
  }

  return {
    async get(key) {
      const found = stored.get(key);
      if (found === undefined) return undefined;
      stored.delete(key);
      stored.set(key, found);
      return found.document;
    },
    async set(key, document) {
      drop(key);
      const added = { document, tokens: tokenCount(document) };
      stored.set(key, added);
      tokens += added.tokens;
      for (const oldest of stored.keys()) {
        if (tokens <= maxTokens) break;
        drop(oldest);
      }
    },
    async delete(key) {
      return drop(key);
    },
  };
}

function tokenCount({ loc }: DocumentNode): number {
  let count = 0;
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) count += 1;
  return count;
}

import type { ApolloServerOptions, BaseContext } from "@apollo/server";
import { InMemoryLRUCache } from "@apollo/utils.keyvaluecache";
import { type DocumentNode, Kind, type SelectionSetNode } from "graphql";
import { LRUCache } from "lru-cache";
import { fragmentsOf } from "./limits/fragments-of.ts";

export type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>["documentStore"]>;

const MAX_BYTES = 40_000_000;
/** An entry is a key of about 130 characters, so the entries take about 5 MB. */
const MAX_SEEN = 20_000;

/** Measured, see `docs/measurements/limits.md`. The bytes of a field include its code compiled by graphql-jit. */
const BYTES_OF_A_TOKEN = 300;
const BYTES_OF_AN_OPERATION = 12_000;
const BYTES_OF_A_FIELD = 2500;

/**
 * Stores the documents that passed validation; the least recently used is dropped first. A document is stored when it
 * arrives for the second time, so that a caller who sends ever new documents does not evict those of other callers.
 */
export function createDocumentStore(maxBytes = MAX_BYTES): DocumentStore {
  const documents = new InMemoryLRUCache<DocumentNode>({ maxSize: maxBytes, sizeCalculation: bytesOfDocument });
  const seen = new LRUCache<string, true>({ max: MAX_SEEN });
  return {
    get: (key) => documents.get(key),
    delete: (key) => documents.delete(key),
    async set(key, document) {
      if (seen.has(key)) await documents.set(key, document);
      else seen.set(key, true);
    },
  };
}

/**
 * An upper bound of the document's memory: its nodes, its text, and the compiled code and cost formulas of its operations.
 * Apollo's own measure, the length of the JSON, counts only the nodes.
 */
export function bytesOfDocument(document: DocumentNode): number {
  const { loc, definitions } = document;
  let bytes = 2 * (loc?.source.body.length ?? 0);
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) bytes += BYTES_OF_A_TOKEN;
  const countFields = fieldCounter(document);
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    bytes += BYTES_OF_AN_OPERATION + BYTES_OF_A_FIELD * countFields(definition.selectionSet);
  }
  return bytes;
}

/** Counts a fragment each time it is spread, because graphql-jit compiles it each time. The document limits bound the count. */
function fieldCounter(document: DocumentNode): (set: SelectionSetNode | undefined) => number {
  const fragments = fragmentsOf(document);
  return function count(set): number {
    let fields = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) fields += count(fragments.get(selection.name.value)?.selectionSet);
      else fields += (selection.kind === Kind.FIELD ? 1 : 0) + count(selection.selectionSet);
    }
    return fields;
  };
}

import type { DocumentStore } from "../document-store.ts";
import type { TrustedDocuments } from "./prepare-documents.ts";

/** The key of Apollo Server ends with the SHA-256 of the text. */
const SHA256_LENGTH = 64;

/** Finds trusted documents first, which are never dropped. All other documents are in the store. */
export function withTrustedDocuments(store: DocumentStore, { documentOf }: TrustedDocuments): DocumentStore {
  return {
    get: async (key) => documentOf(key.slice(-SHA256_LENGTH)) ?? store.get(key),
    set: (key, document) => store.set(key, document),
    delete: (key) => store.delete(key),
  };
}

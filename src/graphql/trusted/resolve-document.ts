import { hash } from "node:crypto";
import { Failure, type FieldFault } from "../../errors.ts";
import { DocumentRefusal } from "./document-refusal.ts";
import type { TrustedDocuments } from "./prepare-documents.ts";
import { plainId } from "./read-manifest.ts";

/** The parameters of a GraphQL request by their names, of any types. */
export type GraphqlParameters = Readonly<Record<string, unknown>>;

/** Replaces the id of a trusted document by its text. Throws a `Failure` if the request names no document that it may execute. */
export type ResolveDocument = (parameters: GraphqlParameters) => GraphqlParameters;

const HASH_FIELD = "extensions.persistedQuery.sha256Hash";
const ID_RULE = "must be the id of a trusted document";

/**
 * Reads `documentId` (GraphQL over HTTP, appendix A) and Apollo's `extensions.persistedQuery`. Apollo Server has only its own
 * automatic persisted queries, which every caller may fill, so it must see neither of the two parameters.
 */
export function createDocumentResolver(trusted: TrustedDocuments | null): ResolveDocument {
  if (trusted === null) return refuseIds;
  return (parameters) => {
    const { documentId, extensions, ...others } = parameters;
    // Apollo Server refuses extensions that are not an object.
    if (!isRecord(extensions ?? {})) return parameters;
    const { persistedQuery, ...otherExtensions } = (extensions ?? {}) as Record<string, unknown>;
    const faults: FieldFault[] = [];
    const query = parameters.query === "" ? undefined : (parameters.query ?? undefined);
    const id = readId(documentId, faults);
    const sha256Hash = readPersistedQuery(persistedQuery, faults);
    if (id !== undefined && query !== undefined)
      faults.push({ field: "documentId", reason: "must not be sent together with query" });
    if (id !== undefined && sha256Hash !== undefined && id !== sha256Hash)
      faults.push({ field: HASH_FIELD, reason: "must name the same document as documentId" });
    if (typeof query === "string" && sha256Hash !== undefined && hash("sha256", query) !== sha256Hash)
      faults.push({ field: HASH_FIELD, reason: "must be the SHA-256 of query" });
    if (faults.length > 0) throw Failure.ofFields(faults);

    const named = id ?? sha256Hash;
    // A client with automatic persisted queries sends the text and its hash after an unknown hash.
    if (query !== undefined || named === undefined) {
      if (trusted.required) throw new DocumentRefusal("ID_REQUIRED");
      return persistedQuery === undefined && documentId === undefined
        ? parameters
        : { ...others, extensions: otherExtensions };
    }
    const text = trusted.textOf(named);
    if (text === undefined) throw new DocumentRefusal("UNKNOWN");
    return { ...others, query: text, extensions: otherExtensions };
  };
}

/** Without trusted documents, a request that has a query may contain any `documentId`, because unknown parameters are ignored. */
const refuseIds: ResolveDocument = (parameters) => {
  const { query, documentId } = parameters;
  if (documentId !== undefined && documentId !== null && (query === undefined || query === null || query === ""))
    throw Failure.ofFields([
      { field: "documentId", reason: "is not supported, because there are no trusted documents" },
    ]);
  return parameters;
};

function readId(documentId: unknown, faults: FieldFault[]): string | undefined {
  if (documentId === undefined || documentId === null) return undefined;
  if (typeof documentId === "string" && documentId !== "") return plainId(documentId);
  faults.push({ field: "documentId", reason: ID_RULE });
  return undefined;
}

function readPersistedQuery(persistedQuery: unknown, faults: FieldFault[]): string | undefined {
  if (persistedQuery === undefined || persistedQuery === null) return undefined;
  const { version, sha256Hash } = isRecord(persistedQuery) ? persistedQuery : {};
  if (version !== 1) faults.push({ field: "extensions.persistedQuery.version", reason: "must be 1" });
  if (typeof sha256Hash === "string" && sha256Hash !== "") return plainId(sha256Hash);
  faults.push({ field: HASH_FIELD, reason: ID_RULE });
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { hash } from "node:crypto";
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  type TypeNode,
  validate,
} from "graphql";
import { bytesOfDocument } from "../document-store.ts";
import { documentLimits } from "../limits/document-limits.ts";
import { GRAPHQL_LIMITS, MAX_COST, MAX_NAME_BYTES } from "../limits/limits.ts";
import type { SizeOfOperation } from "../limits/query-cost.ts";
import { refusalOf } from "../limits/refusal-messages.ts";
import {
  type ManifestDocument,
  readManifest,
  type TrustedDocumentsConfig,
  TrustedDocumentsError,
} from "./read-manifest.ts";

/** Limits the memory of all documents with their compiled code, as `bytesOfDocument` estimates it: about 1,500 usual documents. */
const MAX_BYTES = 100_000_000;

export interface TrustedDocuments {
  /** Whether no other document is executed. */
  readonly required: boolean;
  /** The text of the document with this id, as `plainId` returns it. */
  readonly textOf: (id: string) => string | undefined;
  /** The validated document whose text has this SHA-256. */
  readonly documentOf: (sha256: string) => DocumentNode | undefined;
  readonly includes: (document: DocumentNode) => boolean;
  readonly count: number;
}

interface SchemaOptions {
  readonly schema: GraphQLSchema;
  readonly sizeOfOperation: SizeOfOperation;
  /** Whether documents may select the schema. */
  readonly introspection: boolean;
}

/** Parses and validates the documents of the manifest, so that a document that cannot be executed stops the start. */
export async function prepareTrustedDocuments(
  { file, required }: TrustedDocumentsConfig,
  options: SchemaOptions,
): Promise<TrustedDocuments> {
  const manifest = readManifest(file);
  const faults = [...manifest.faults];
  const texts = new Map<string, string>();
  const documents = new Map<string, DocumentNode>();
  let bytes = 0;
  for (const { id, text } of manifest.documents) {
    const { document, fault } = prepare(text, options);
    if (document === null) faults.push(describeFault({ id, text }, fault));
    else {
      texts.set(id, text);
      documents.set(hash("sha256", text), document);
      bytes += bytesOfDocument(document);
    }
  }
  if (bytes > MAX_BYTES) faults.push(`all documents together need ${bytes} bytes, and the limit is ${MAX_BYTES}`);
  if (faults.length > 0) throw new TrustedDocumentsError(faults);
  const trusted = new WeakSet(documents.values());
  return {
    required,
    textOf: (id) => texts.get(id),
    documentOf: (sha256) => documents.get(sha256),
    includes: (document) => trusted.has(document),
    count: texts.size,
  };
}

type Prepared = { document: DocumentNode; fault: "" } | { document: null; fault: string };

function prepare(text: string, { schema, sizeOfOperation, introspection }: SchemaOptions): Prepared {
  const refused = (fault: string): Prepared => ({ document: null, fault });
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: GRAPHQL_LIMITS.tokens });
  } catch (error) {
    return refused(refusalOf({ message: (error as Error).message }).message);
  }
  const rules = [documentLimits, ...specifiedRules, ...(introspection ? [] : [NoSchemaIntrospectionCustomRule])];
  const [error] = validate(schema, document, rules, { maxErrors: 1 });
  if (error !== undefined) {
    const { line = 1 } = error.locations?.[0] ?? {};
    return refused(`line ${line}: ${refusalOf({ message: error.message }).message}`);
  }
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operations.length === 0) return refused("it has no operation");
  for (const operation of operations) {
    if (!schema.getRootType(operation.operation)) return refused(`the schema has no ${operation.operation} operations`);
    const { cost, nameBytes } = sizeOfOperation(document, operation);
    const variables = smallestVariables(operation);
    if (cost(variables) > MAX_COST)
      return refused(`it costs at least ${cost(variables)}, and the limit is ${MAX_COST}`);
    if (nameBytes(variables) > MAX_NAME_BYTES)
      return refused(`its field names take more than ${MAX_NAME_BYTES} bytes of each response`);
  }
  return { document, fault: "" };
}

/** The variables with which an operation costs least. */
function smallestVariables({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> {
  const smallest = (type: TypeNode): unknown => {
    if (type.kind === Kind.NON_NULL_TYPE) return smallest(type.type);
    if (type.kind === Kind.LIST_TYPE) return [];
    return type.name.value === "Int" ? 1 : null;
  };
  return Object.fromEntries(variableDefinitions.map(({ variable, type }) => [variable.name.value, smallest(type)]));
}

function describeFault({ id, text }: ManifestDocument, fault: string): string {
  const [, name] = /\b(?:query|mutation|subscription)\s+(\w{1,128})/.exec(text) ?? [];
  return `document ${id}${name === undefined ? "" : ` (${name})`}: ${fault}`;
}

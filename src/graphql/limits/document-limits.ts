import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  TokenKind,
  type ValidationRule,
} from "graphql";
import { addMergedField, responseNameOf, type SelectedField } from "./field-conflicts.ts";
import { fieldOf, typeConditionOf } from "./field-of.ts";
import { fragmentsOf } from "./fragments-of.ts";
import { GRAPHQL_LIMITS, limitExceeded } from "./limits.ts";

/** The fields with one response name at one position of the response, which execution merges. */
interface ResponseField {
  count: number;
  readonly merged: SelectedField[];
  readonly below: ResponsePosition;
}

/** The fields at one position of the response, by response name. */
type ResponsePosition = Map<string, ResponseField>;

interface Position {
  readonly parent: GraphQLNamedType | undefined;
  readonly response: ResponsePosition;
  readonly depth: number;
  readonly maxDepth: "depth" | "introspectionDepth";
}

/** A document in which no rule finds a fault. */
const EMPTY_DOCUMENT = { kind: Kind.DOCUMENT, definitions: [] } as const;

/**
 * Applies the limits of a document as the first validation rule, because graphql-armor and graphql-query-complexity apply
 * theirs too late (`docs/decisions/dependencies.md`). Replaces a refused document by an empty one, because the time of
 * other rules may grow with the square of its size.
 */
export const documentLimits: ValidationRule = (context) => ({
  Document(document) {
    try {
      checkLimits(context.getSchema(), document);
      return undefined;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      context.reportError(error);
      return EMPTY_DOCUMENT;
    }
  },
});

/**
 * Throws at the first limit that is exceeded, so the limits bound the time of this function too. It also throws for cycles of
 * fragments and for conflicting fields, because the reports of graphql-js for them grow with the square of the document.
 */
function checkLimits(schema: GraphQLSchema, document: DocumentNode): void {
  const counts = {
    bytes: 0,
    operations: 0,
    lines: 0,
    rootFields: 0,
    rootAliases: 0,
    directives: 0,
    spreads: 0,
    fields: 0,
    repeats: 0,
  };
  const fragments = fragmentsOf(document);
  const fragmentsBeingVisited = new Set<FragmentDefinitionNode>();
  const visitedFragments = new Set<FragmentDefinitionNode>();

  function count(name: keyof typeof counts, more = 1): void {
    counts[name] += more;
    if (counts[name] > GRAPHQL_LIMITS[name]) throw limitExceeded(name);
  }

  function visitSet({ selections }: SelectionSetNode, position: Position): void {
    for (const selection of selections) visit(selection, position);
  }

  function visit(selection: SelectionNode, position: Position): void {
    count("directives", selection.directives?.length ?? 0);
    if (position.depth === 1 && position.parent === schema.getSubscriptionType()) refuseCondition(selection);
    if (selection.kind === Kind.FIELD) {
      visitField(selection, position);
      return;
    }
    count("spreads");
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const parent = typeConditionOf(schema, selection) ?? position.parent;
      visitSet(selection.selectionSet, { ...position, parent });
    } else visitFragment(fragments.get(selection.name.value), position);
  }

  function visitFragment(fragment: FragmentDefinitionNode | undefined, position: Position): void {
    if (fragment === undefined) return;
    if (fragmentsBeingVisited.has(fragment)) throw cycle(fragment);
    visitedFragments.add(fragment);
    fragmentsBeingVisited.add(fragment);
    visitSet(fragment.selectionSet, { ...position, parent: typeConditionOf(schema, fragment) });
    fragmentsBeingVisited.delete(fragment);
  }

  function visitField(node: FieldNode, { parent, response, depth, maxDepth }: Position): void {
    count("fields");
    if (depth === 1) {
      count("rootFields");
      if (node.alias !== undefined) count("rootAliases");
    }
    if (depth > GRAPHQL_LIMITS[maxDepth]) throw limitExceeded(maxDepth);
    const name = responseNameOf(node);
    const field = response.get(name) ?? { count: 0, merged: [], below: new Map() };
    response.set(name, field);
    count("repeats", field.count);
    field.count += 1;
    addMergedField(field.merged, { node, parent });

    if (node.selectionSet === undefined) return;
    const definition = fieldOf(schema, parent, node.name.value);
    visitSet(node.selectionSet, {
      parent: definition && getNamedType(definition.type),
      response: field.below,
      depth: depth + 1,
      maxDepth: depth === 1 && node.name.value.startsWith("__") ? "introspectionDepth" : maxDepth,
    });
  }

  const text = document.loc?.source.body ?? "";
  count("bytes", Buffer.byteLength(text));
  count("lines", lineCount(text));
  refuseLongNames(document);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    count("operations");
    count("directives", definition.directives?.length ?? 0);
    counts.rootFields = 0;
    counts.rootAliases = 0;
    const parent = schema.getRootType(definition.operation) ?? undefined;
    visitSet(definition.selectionSet, { parent, response: new Map(), depth: 1, maxDepth: "depth" });
  }
  // Other rules also visit unused fragments, so count them. Their fields are not root fields, so they start at depth 2.
  for (const fragment of fragments.values()) {
    if (visitedFragments.has(fragment)) continue;
    visitFragment(fragment, { parent: undefined, response: new Map(), depth: 2, maxDepth: "introspectionDepth" });
  }
}

/** Checks the names of aliases, fragments, variables and operations, which are all NAME tokens. */
function refuseLongNames({ loc }: DocumentNode): void {
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) {
    if (token.kind === TokenKind.NAME && token.value.length > GRAPHQL_LIMITS.nameLength)
      throw limitExceeded("nameLength");
  }
}

/**
 * The root field of a subscription must not be conditional (section 5.2.4.1 of the September 2025 GraphQL specification).
 * graphql-js 16 does not check this, and throws while it validates or starts such a subscription.
 */
function refuseCondition({ directives = [] }: SelectionNode): void {
  const nodes = directives.filter(({ name }) => name.value === "skip" || name.value === "include");
  if (nodes.length === 0) return;
  throw new GraphQLError("The root field of a subscription must not have @skip or @include.", { nodes });
}

function cycle(fragment: FragmentDefinitionNode): GraphQLError {
  return new GraphQLError(`Cannot spread fragment "${fragment.name.value}" within itself.`, { nodes: [fragment] });
}

function lineCount(text: string): number {
  let lines = 1;
  for (let at = text.search(/[\r\n]/); at !== -1 && at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) lines += 1;
  }
  return lines;
}

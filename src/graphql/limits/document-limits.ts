import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  print,
  type SelectionNode,
  type SelectionSetNode,
  TokenKind,
  type ValidationRule,
} from "graphql";
import { fieldOf, typeConditionOf } from "./field-of.ts";
import { fragmentsOf } from "./fragments-of.ts";
import { beyondLimit, GRAPHQL_LIMITS } from "./limits.ts";

type ParentType = GraphQLNamedType | undefined;

/** All fields that will be merged into one of the answer, by what distinguishes them. */
interface Answered {
  count: number;
  readonly variants: { readonly parent: ParentType; readonly node: FieldNode }[];
  readonly below: Place;
}

/** A place in the answer: what has been selected there, by response name. */
type Place = Map<string, Answered>;

interface Position {
  readonly parent: ParentType;
  readonly place: Place;
  readonly depth: number;
  readonly maxDepth: "depth" | "introspectionDepth";
}

/** What nothing can be found wrong with. */
const EMPTY_DOCUMENT = { kind: Kind.DOCUMENT, definitions: [] } as const;

/**
 * A validation rule. It runs before any other rule has looked below the document, and a document that it refuses it
 * replaces by an empty one: the other rules' time may grow with the square of what the limits count.
 */
export const withinLimits: ValidationRule = (context) => ({
  Document(document) {
    try {
      refuseBeyondLimits(context.getSchema(), document);
      return undefined;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      context.reportError(error);
      return EMPTY_DOCUMENT;
    }
  },
});

/**
 * Throws at the first limit that is passed, so that its own time is bounded by the limits. Throws too for the two faults
 * whose report by graphql-js grows with the square of the document: cycles of fragments and fields that conflict.
 */
function refuseBeyondLimits(schema: GraphQLSchema, document: DocumentNode): void {
  const counted = {
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
  const open = new Set<FragmentDefinitionNode>();
  const spread = new Set<FragmentDefinitionNode>();

  function count(name: keyof typeof counted, more = 1): void {
    counted[name] += more;
    if (counted[name] > GRAPHQL_LIMITS[name]) throw beyondLimit(name);
  }

  function visitSet({ selections }: SelectionSetNode, position: Position): void {
    for (const selection of selections) visit(selection, position);
  }

  function visit(selection: SelectionNode, position: Position): void {
    count("directives", selection.directives?.length ?? 0);
    if (selection.kind === Kind.FIELD) visitField(selection, position);
    else {
      count("spreads");
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const parent = typeConditionOf(schema, selection) ?? position.parent;
        visitSet(selection.selectionSet, { ...position, parent });
      } else visitFragment(fragments.get(selection.name.value), position);
    }
  }

  function visitFragment(fragment: FragmentDefinitionNode | undefined, position: Position): void {
    if (fragment === undefined) return;
    if (open.has(fragment)) throw cycle(fragment);
    spread.add(fragment);
    open.add(fragment);
    visitSet(fragment.selectionSet, { ...position, parent: typeConditionOf(schema, fragment) });
    open.delete(fragment);
  }

  function visitField(node: FieldNode, { parent, place, depth, maxDepth }: Position): void {
    count("fields");
    if (depth === 1) {
      count("rootFields");
      if (node.alias !== undefined) count("rootAliases");
    }
    if (depth > GRAPHQL_LIMITS[maxDepth]) throw beyondLimit(maxDepth);
    const name = (node.alias ?? node.name).value;
    const answered = place.get(name) ?? { count: 0, variants: [], below: new Map() };
    place.set(name, answered);
    count("repeats", answered.count);
    answered.count += 1;
    addVariant(answered, parent, node, name);

    if (node.selectionSet === undefined) return;
    const field = fieldOf(schema, parent, node.name.value);
    visitSet(node.selectionSet, {
      parent: field === undefined ? undefined : getNamedType(field.type),
      place: answered.below,
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
    counted.rootFields = 0;
    counted.rootAliases = 0;
    const parent = schema.getRootType(definition.operation) ?? undefined;
    visitSet(definition.selectionSet, { parent, place: new Map(), depth: 1, maxDepth: "depth" });
  }
  // The other rules look at what is never spread, too. Its fields are nobody's root: they begin one deeper.
  for (const fragment of fragments.values()) {
    if (!spread.has(fragment))
      visitFragment(fragment, { parent: undefined, place: new Map(), depth: 2, maxDepth: "introspectionDepth" });
  }
}

/** Names of aliases, fragments, variables and operations are all NAME tokens. */
function refuseLongNames({ loc }: DocumentNode): void {
  for (let token = loc?.startToken ?? null; token !== null; token = token.next) {
    if (token.kind === TokenKind.NAME && token.value.length > GRAPHQL_LIMITS.nameLength)
      throw beyondLimit("nameLength");
  }
}

function addVariant({ variants }: Answered, parent: ParentType, node: FieldNode, name: string): void {
  let isNew = true;
  for (const variant of variants) {
    // Of two object types an answer can only be one: their fields are never merged.
    if (variant.parent !== parent && isObjectType(variant.parent) && isObjectType(parent)) continue;
    const difference = differenceOf(variant.node, node);
    if (difference !== null) {
      throw new GraphQLError(
        `Fields "${name}" conflict because ${difference}. Use different aliases on the fields to fetch both if this was intentional.`,
        { nodes: [variant.node, node] },
      );
    }
    isNew = isNew && variant.parent !== parent;
  }
  if (isNew) variants.push({ parent, node });
}

function differenceOf(one: FieldNode, other: FieldNode): string | null {
  if (one.name.value !== other.name.value) return `"${one.name.value}" and "${other.name.value}" are different fields`;
  return haveSameArguments(one, other) ? null : "they have differing arguments";
}

function haveSameArguments({ arguments: some = [] }: FieldNode, { arguments: others = [] }: FieldNode): boolean {
  if (some.length !== others.length) return false;
  const printed = (given: readonly ArgumentNode[]) => given.map(print).sort().join();
  return some === others || printed(some) === printed(others);
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

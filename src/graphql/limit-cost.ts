import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromASTUntyped,
} from "graphql";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../page.ts";
import { fieldOf, typeConditionOf } from "./field-of.ts";
import { fragmentsOf } from "./fragments-of.ts";
import { PUNCTUATION_OF_A_NAME } from "./limits.ts";

/** The arguments that say how many rows a list has. */
const SIZE_ARGUMENTS: readonly string[] = ["limit", "first", "last"];

/** A list asked for by its members has as many of them. */
const MEMBERS_ARGUMENT = "ids";

/** A field that takes it searches the jobs of its parent, however little of what it finds is selected. */
const SEARCH_ARGUMENT = "filter";

/** In fields, for each parent: what walks an index up to a page, and what may have to look at every job of a task. */
const SEARCH = 10;
const FILTERED_SEARCH = 50;

/** The lists of introspection, about as long as those of a schema like ours. Another list has ten rows. */
const INTROSPECTION_LIST_SIZES: Readonly<Record<string, number>> = {
  types: 30,
  directives: 5,
  fields: 5,
  args: 1,
  inputFields: 1,
  interfaces: 1,
  possibleTypes: 1,
  enumValues: 2,
};

/** A field below `__schema` and `__type`. Nothing is read for it, and these lists are longer than the schema's. */
const INTROSPECTED_FIELD = 0.5;

type Variables = Readonly<Record<string, unknown>>;
type Size = (variables: Variables) => number;
type Defaults = ReadonlyMap<string, unknown>;

/** How many fields an answer has at the most: some whatever the variables, and some so many times as they say. */
interface Cost {
  readonly fixed: number;
  /** The bytes of the response names of those fields that appear once. */
  readonly names: number;
  readonly lists: readonly { readonly size: Size; readonly each: Cost }[];
}

/**
 * The number of fields in the largest answer that the operation can have, and what the searches below its root fields
 * take besides: of those at the root there are few by another limit. The document must have passed validation and its
 * limits: what is built here is as large as the document with its fragments spread. `@skip` and `@include` are not
 * looked at, and fields that will be merged count one by one.
 */
export function costOfOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => number {
  const cost = buildCost(schema, document, operation);
  return (variables) => Math.ceil(evaluate(cost, "fixed", variables));
}

/** The bytes of all response names in the largest response that the operation can have, counted like the cost. */
export function nameBytesOfOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => number {
  const cost = buildCost(schema, document, operation);
  return (variables) => evaluate(cost, "names", variables);
}

function buildCost(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Cost {
  const query = schema.getQueryType();
  const fragments = fragmentsOf(document);
  const defaults = new Map<string, unknown>();
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue !== undefined) defaults.set(variable.name.value, valueFromASTUntyped(defaultValue));
  }

  function costOfSet({ selections }: SelectionSetNode, parent: GraphQLNamedType | undefined, size: Size | null): Cost {
    let fixed = 0;
    let names = 0;
    const lists: Cost["lists"][number][] = [];
    for (const selection of selections) {
      const cost =
        selection.kind === Kind.FIELD
          ? costOfField(selection, parent, size)
          : costOfFragment(
              selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection,
              parent,
              size,
            );
      fixed += cost.fixed;
      names += cost.names;
      lists.push(...cost.lists);
    }
    return { fixed, names, lists };
  }

  function costOfFragment(
    fragment: Parameters<typeof typeConditionOf>[1] | undefined,
    parent: GraphQLNamedType | undefined,
    size: Size | null,
  ): Cost {
    if (fragment === undefined) return { fixed: 0, names: 0, lists: [] };
    return costOfSet(fragment.selectionSet, typeConditionOf(schema, fragment) ?? parent, size);
  }

  /** The size is what the field above was asked for: of a connection it is the size of `edges` and `nodes`. */
  function costOfField(node: FieldNode, parent: GraphQLNamedType | undefined, size: Size | null): Cost {
    const field = fieldOf(schema, parent, node.name.value);
    const isIntrospected = parent?.name.startsWith("__") ?? false;
    const self = isIntrospected ? INTROSPECTED_FIELD : 1;
    const names = (node.alias ?? node.name).value.length + PUNCTUATION_OF_A_NAME;
    if (node.selectionSet === undefined || field === undefined) return { fixed: self, names, lists: [] };
    const own = sizeOf(node, field, defaults);
    const below = costOfSet(node.selectionSet, getNamedType(field.type), own);
    if (!isListType(getNullableType(field.type))) {
      const searches = parent === query ? [] : searchesOf(node, field, defaults);
      return { fixed: self + below.fixed, names: names + below.names, lists: [...searches, ...below.lists] };
    }

    const introspected = isIntrospected ? INTROSPECTION_LIST_SIZES[field.name] : undefined;
    return { fixed: self, names, lists: [{ size: own ?? size ?? (() => introspected ?? DEFAULT_LIMIT), each: below }] };
  }

  return costOfSet(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, null);
}

function evaluate(cost: Cost, what: "fixed" | "names", variables: Variables): number {
  let sum = cost[what];
  for (const { size, each } of cost.lists) sum += size(variables) * evaluate(each, what, variables);
  return sum;
}

function searchesOf(node: FieldNode, field: GraphQLField<unknown, unknown>, defaults: Defaults): Cost["lists"] {
  if (!field.args.some(({ name }) => name === SEARCH_ARGUMENT)) return [];
  const given = node.arguments?.find(({ name }) => name.value === SEARCH_ARGUMENT)?.value;
  const read = given === undefined ? () => undefined : readerOf(given, defaults);
  const size: Size = (variables) => ((read(variables) ?? null) === null ? SEARCH : FILTERED_SEARCH);
  return [{ size, each: { fixed: 1, names: 0, lists: [] } }];
}

/** Null: the field is not paged. */
function sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>, defaults: Defaults): Size | null {
  const sizes: Size[] = [];
  let isPaged = false;
  for (const { name, defaultValue } of field.args) {
    if (!SIZE_ARGUMENTS.includes(name) && name !== MEMBERS_ARGUMENT) continue;
    isPaged = true;
    const given = node.arguments?.find((argument: ArgumentNode) => argument.name.value === name);
    if (given !== undefined) sizes.push(sizeOfValue(given.value, defaults, defaultValue));
    else if (defaultValue !== undefined) sizes.push(() => rowsAskedFor(defaultValue));
  }
  if (!isPaged) return null;
  const [only] = sizes;
  if (only === undefined) return () => DEFAULT_LIMIT;
  return sizes.length === 1 ? only : (variables) => Math.max(...sizes.map((size) => size(variables)));
}

function sizeOfValue(value: ValueNode, defaults: Defaults, defaultValue: unknown): Size {
  const read = readerOf(value, defaults, defaultValue);
  return (variables) => rowsAskedFor(read(variables));
}

function readerOf(value: ValueNode, defaults: Defaults, defaultValue?: unknown): (variables: Variables) => unknown {
  if (value.kind === Kind.VARIABLE) {
    const name = value.name.value;
    const otherwise = defaults.has(name) ? defaults.get(name) : defaultValue;
    // A variable may be called `__proto__` or `toString`, which every object inherits.
    return (variables) => (Object.hasOwn(variables, name) ? variables[name] : otherwise);
  }
  const literal = valueFromASTUntyped(value);
  return () => literal;
}

/** Never more than a page may have: what is out of bounds is refused in better words where it is read. */
function rowsAskedFor(value: unknown): number {
  if (value === undefined || value === null) return DEFAULT_LIMIT;
  if (Array.isArray(value)) return value.length;
  return typeof value === "number" && value >= 1 && value <= MAX_LIMIT ? value : MAX_LIMIT;
}

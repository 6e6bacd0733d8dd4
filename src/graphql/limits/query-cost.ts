import {
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from "graphql";
import { DEFAULT_LIMIT } from "../../paging/page.ts";
import { costsOfArguments, type Size, sizeOf, type Variables } from "./argument-cost.ts";
import { fieldOf, typeConditionOf } from "./field-of.ts";
import { fragmentsOf } from "./fragments-of.ts";
import { PUNCTUATION_OF_A_NAME } from "./limits.ts";

/** The assumed lengths of introspection lists, which fit a schema like this one. */
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

/** The cost of a field below `__schema` or `__type`, for which the database is not read. */
const INTROSPECTED_FIELD = 0.5;

// graphql-query-complexity was tried: it has no cached formula and takes 4 % of a page, see `docs/decisions/dependencies.md`.

/** A formula for the number of fields in the largest response, of which the variables determine the lengths of lists. */
interface Cost {
  readonly fixed: number;
  /** The bytes of the response names of those fields that appear once. */
  readonly names: number;
  readonly lists: readonly { readonly size: Size; readonly each: Cost }[];
  /** The costs of statements that are sent once for all elements of the lists above them. */
  readonly statements: readonly Size[];
}

const NOTHING: Cost = { fixed: 0, names: 0, lists: [], statements: [] };
const ONE_FIELD: Cost = { ...NOTHING, fixed: 1 };

/** Both functions assume the same lengths of lists. */
interface OperationSize {
  /** The cost: the fields of the largest response, and the cost of the arguments. */
  readonly cost: (variables: Variables) => number;
  /** The bytes of all response names in the largest response. */
  readonly nameBytes: (variables: Variables) => number;
}

export type SizeOfOperation = ReturnType<typeof operationSizes>;

/**
 * Returns a function that sizes the largest response of an operation before it is executed: it ignores `@skip` and
 * `@include`, and counts fields that will be merged one by one. The document must have passed its limits, because the
 * formula is as large as the document with its fragments spread.
 */
export function operationSizes(schema: GraphQLSchema) {
  /** A weak map, so that a formula is dropped together with its document. */
  const sizes = new WeakMap<OperationDefinitionNode, OperationSize>();

  return function sizeOfOperation(document: DocumentNode, operation: OperationDefinitionNode): OperationSize {
    const known = sizes.get(operation);
    if (known !== undefined) return known;
    const cost = buildCost(schema, document, operation);
    const size: OperationSize = {
      cost(variables) {
        const ofStatements = cost.statements.reduce((sum, statement) => sum + statement(variables), 0);
        return Math.ceil(evaluate(cost, "fixed", variables) + ofStatements);
      },
      nameBytes: (variables) => evaluate(cost, "names", variables),
    };
    sizes.set(operation, size);
    return size;
  };
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
    const statements: Size[] = [];
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
      statements.push(...cost.statements);
    }
    return { fixed, names, lists, statements };
  }

  function costOfFragment(
    fragment: Parameters<typeof typeConditionOf>[1] | undefined,
    parent: GraphQLNamedType | undefined,
    size: Size | null,
  ): Cost {
    if (fragment === undefined) return NOTHING;
    return costOfSet(fragment.selectionSet, typeConditionOf(schema, fragment) ?? parent, size);
  }

  /** The size is that of the field above: the `first` of a connection is the size of its `edges` and `nodes`. */
  function costOfField(node: FieldNode, parent: GraphQLNamedType | undefined, size: Size | null): Cost {
    const field = fieldOf(schema, parent, node.name.value);
    const isIntrospected = parent?.name.startsWith("__") ?? false;
    const self = isIntrospected ? INTROSPECTED_FIELD : 1;
    const names = (node.alias ?? node.name).value.length + PUNCTUATION_OF_A_NAME;
    if (node.selectionSet === undefined || field === undefined) return { ...NOTHING, fixed: self, names };
    const own = sizeOf({ node, field, defaults });
    const below = costOfSet(node.selectionSet, getNamedType(field.type), own);
    if (!isListType(getNullableType(field.type))) {
      const { each, once } = costsOfArguments({ node, field, defaults }, parent === query);
      return {
        fixed: self + below.fixed,
        names: names + below.names,
        lists: [...each.map((size) => ({ size, each: ONE_FIELD })), ...below.lists],
        statements: [...once, ...below.statements],
      };
    }

    const introspected = isIntrospected ? INTROSPECTION_LIST_SIZES[field.name] : undefined;
    const length = own ?? size ?? (() => introspected ?? DEFAULT_LIMIT);
    return { fixed: self, names, lists: [{ size: length, each: below }], statements: below.statements };
  }

  return costOfSet(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined, null);
}

function evaluate(cost: Cost, what: "fixed" | "names", variables: Variables): number {
  let sum = cost[what];
  for (const { size, each } of cost.lists) sum += size(variables) * evaluate(each, what, variables);
  return sum;
}

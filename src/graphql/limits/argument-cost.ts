import {
  type ArgumentNode,
  type FieldNode,
  type GraphQLField,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
} from "graphql";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../../paging/page.ts";

/** The arguments that say how many rows a list has. */
const SIZE_ARGUMENTS: readonly string[] = ["limit", "first", "last"];

/** A list asked for by its members has as many of them. */
const MEMBERS_ARGUMENT = "ids";

/** A field that takes it searches the jobs of its parent, however little of what it finds is selected. */
const SEARCH_ARGUMENT = "filter";

/** In fields, for each parent: what walks an index up to a page, and what may have to look at every job of a task. */
const SEARCH = 10;
const FILTERED_SEARCH = 50;

/** Counts every job that matches in a statement of its own, for all the tasks of a list together. */
const FILTERED_COUNT = 450;

/** A page by offset walks an index over the rows before it, at the most as many as the largest tasks have. */
const OFFSET_ARGUMENT = "offset";
const ROWS_OF_A_FIELD = 1000;
const MAX_OFFSET_COST = 1000;

export type Variables = Readonly<Record<string, unknown>>;
export type Size = (variables: Variables) => number;
type Defaults = ReadonlyMap<string, unknown>;

interface GivenArguments {
  readonly node: FieldNode;
  readonly field: GraphQLField<unknown, unknown>;
  /** The defaults of the operation's variables. */
  readonly defaults: Defaults;
}

/** What the arguments of a field that is no list cost besides its fields: for each parent, and once for all parents. */
export function costsOfArguments(given: GivenArguments, isRootField: boolean): { each: Size[]; once: Size[] } {
  const each = skippedRows(given);
  const isSearch = !isRootField && given.field.args.some(({ name }) => name === SEARCH_ARGUMENT);
  if (!isSearch) return { each, once: [] };
  const isFiltered = hasFilter(given);
  each.push((variables) => (isFiltered(variables) ? FILTERED_SEARCH : SEARCH));
  // A search without pages reads all that matches.
  const readsAll = sizeOf(given) === null;
  return { each, once: readsAll ? [(variables) => (isFiltered(variables) ? FILTERED_COUNT : 0)] : [] };
}

function hasFilter({ node, defaults }: GivenArguments): (variables: Variables) => boolean {
  const given = node.arguments?.find(({ name }) => name.value === SEARCH_ARGUMENT)?.value;
  const read = given === undefined ? () => null : readerOf(given, defaults);
  return (variables) => (read(variables) ?? null) !== null;
}

function skippedRows({ node, field, defaults }: GivenArguments): Size[] {
  const argument = field.args.find(({ name }) => name === OFFSET_ARGUMENT);
  const given = node.arguments?.find(({ name }) => name.value === OFFSET_ARGUMENT)?.value;
  if (argument === undefined || given === undefined) return [];
  const read = readerOf(given, defaults, argument.defaultValue);
  return [(variables) => costOfOffset(read(variables) ?? 0)];
}

/** An offset that is no number from 0 is refused where it is read. */
function costOfOffset(offset: unknown): number {
  if (typeof offset !== "number" || !(offset >= 0)) return MAX_OFFSET_COST;
  return Math.min(MAX_OFFSET_COST, Math.floor(offset / ROWS_OF_A_FIELD));
}

/** Null: the field is not paged. */
export function sizeOf({ node, field, defaults }: GivenArguments): Size | null {
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

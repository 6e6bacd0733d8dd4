import {
  type ArgumentNode,
  type FieldNode,
  type GraphQLField,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
} from "graphql";
import { DEFAULT_LIMIT, MAX_LIMIT } from "../../paging/page.ts";

/** The arguments that limit the number of rows of a list. */
const SIZE_ARGUMENTS: readonly string[] = ["limit", "first", "last"];

/** The list of a field with this argument has one element for each member of the argument. */
const MEMBERS_ARGUMENT = "ids";

/** A field with this argument searches the jobs of its parent, even if little of the result is selected. */
const SEARCH_ARGUMENT = "filter";

/** The cost of a search for each parent. It reads an index up to a page, but with a filter it may read every job of a task. */
const SEARCH = 10;
const FILTERED_SEARCH = 50;

/** The cost of one statement that counts all matching jobs, for all tasks of a list together. */
const FILTERED_COUNT = 450;

/** A page by offset reads the index entries of all rows before it, of which the largest tasks have a million. */
const OFFSET_ARGUMENT = "offset";
const ROWS_OF_A_FIELD = 1000;
const MAX_OFFSET_COST = 1000;

/** A root field with this argument counts all jobs of all tasks of a user in a range. */
const RANGE_ARGUMENT = "from";
const COUNT_OF_ALL_TASKS = FILTERED_SEARCH + FILTERED_COUNT;

export type Variables = Readonly<Record<string, unknown>>;
export type Size = (variables: Variables) => number;
type Defaults = ReadonlyMap<string, unknown>;

interface GivenArguments {
  readonly node: FieldNode;
  readonly field: GraphQLField<unknown, unknown>;
  /** The default values of the operation's variables. */
  readonly defaults: Defaults;
}

/** The cost of the arguments of a field that is not a list: for each parent, and once for all parents together. */
export function costsOfArguments(given: GivenArguments, isRootField: boolean): { each: Size[]; once: Size[] } {
  const each = skippedRows(given);
  if (isRootField && given.field.args.some(({ name }) => name === RANGE_ARGUMENT))
    return { each, once: [() => COUNT_OF_ALL_TASKS] };
  const isSearch = !isRootField && given.field.args.some(({ name }) => name === SEARCH_ARGUMENT);
  if (!isSearch) return { each, once: [] };
  const isFiltered = hasFilter(given);
  each.push((variables) => (isFiltered(variables) ? FILTERED_SEARCH : SEARCH));
  // A search without a page size reads all matching jobs.
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

/** An invalid offset costs as much as the largest one, because the resolver refuses it with a better message. */
function costOfOffset(offset: unknown): number {
  if (typeof offset !== "number" || !(offset >= 0)) return MAX_OFFSET_COST;
  return Math.min(MAX_OFFSET_COST, Math.floor(offset / ROWS_OF_A_FIELD));
}

/** The number of rows that the arguments allow, or null if the field has no argument for it. */
export function sizeOf({ node, field, defaults }: GivenArguments): Size | null {
  const sizes: Size[] = [];
  let isPaged = false;
  for (const { name, defaultValue } of field.args) {
    if (!SIZE_ARGUMENTS.includes(name) && name !== MEMBERS_ARGUMENT) continue;
    isPaged = true;
    const given = node.arguments?.find((argument: ArgumentNode) => argument.name.value === name);
    if (given !== undefined) sizes.push(sizeOfValue(given.value, defaults, defaultValue));
    else if (defaultValue !== undefined) sizes.push(() => requestedRows(defaultValue));
  }
  if (!isPaged) return null;
  const [only] = sizes;
  if (only === undefined) return () => DEFAULT_LIMIT;
  return sizes.length === 1 ? only : (variables) => Math.max(...sizes.map((size) => size(variables)));
}

function sizeOfValue(value: ValueNode, defaults: Defaults, defaultValue: unknown): Size {
  const read = readerOf(value, defaults, defaultValue);
  return (variables) => requestedRows(read(variables));
}

function readerOf(value: ValueNode, defaults: Defaults, defaultValue?: unknown): (variables: Variables) => unknown {
  if (value.kind === Kind.VARIABLE) {
    const name = value.name.value;
    const otherwise = defaults.has(name) ? defaults.get(name) : defaultValue;
    // A variable may have the name of an inherited property, such as `toString`.
    return (variables) => (Object.hasOwn(variables, name) ? variables[name] : otherwise);
  }
  const literal = valueFromASTUntyped(value);
  return () => literal;
}

/** An invalid size counts as the largest page, because the resolver refuses it with a better message. */
function requestedRows(value: unknown): number {
  if (value === undefined || value === null) return DEFAULT_LIMIT;
  if (Array.isArray(value)) return value.length;
  return typeof value === "number" && value >= 1 && value <= MAX_LIMIT ? value : MAX_LIMIT;
}

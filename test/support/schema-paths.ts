import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from "graphql";

type Field = GraphQLField<unknown, unknown>;

/** A field, and the object type that its value is read as. */
interface Step {
  readonly field: Field;
  readonly type: GraphQLObjectType;
}

export type SchemaPath = readonly Step[];

/** The ids for arguments, by the name of the type that they identify. */
export type IdByType = Readonly<Record<string, string>>;

/** Every path from Query to a type in `guarded`, or to a type from which one can be reached. No path contains a type twice. */
export function pathsTo(schema: GraphQLSchema, guarded: readonly string[]): SchemaPath[] {
  const query = schema.getQueryType();
  if (!query) return [];
  const paths: SchemaPath[] = [];

  function reaches(type: GraphQLObjectType, seen = new Set<GraphQLObjectType>()): boolean {
    if (guarded.includes(type.name)) return true;
    if (seen.has(type)) return false;
    seen.add(type);
    return stepsFrom(schema, type).some((step) => reaches(step.type, seen));
  }

  function walk(type: GraphQLObjectType, path: SchemaPath): void {
    for (const step of stepsFrom(schema, type)) {
      if (step.type === query || path.some((before) => before.type === step.type)) continue;
      const longer = [...path, step];
      if (reaches(step.type)) paths.push(longer);
      walk(step.type, longer);
    }
  }

  walk(query, []);
  return paths;
}

function stepsFrom(schema: GraphQLSchema, type: GraphQLObjectType): Step[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const answered = getNamedType(field.type);
    if (isAbstractType(answered))
      return schema.getPossibleTypes(answered).map((possible) => ({ field, type: possible }));
    return isObjectType(answered) ? [{ field, type: answered }] : [];
  });
}

export function nameOf(path: SchemaPath): string {
  return path.map(({ field, type }) => `${field.name}:${type.name}`).join(".");
}

/** Whether a field of the path takes an id. */
export function takesId(path: SchemaPath): boolean {
  return path.some(({ field }) => field.args.some((argument) => isRequiredArgument(argument) && isId(argument)));
}

const SPELLINGS = ["literals", "variables", "aliases and fragments", "filters"] as const;
export type Spelling = (typeof SPELLINGS)[number];
export const spellings: readonly Spelling[] = SPELLINGS;

/** With a filter the rows are read by another statement, which has its own access rule. */
const FILTER = "filter";
const FILTER_OF_ALL = { createdFrom: "1970-01-01T00:00:00Z" };

/** A document that follows the path and selects every field at its end. */
export function documentOf(path: SchemaPath, ids: IdByType, spelling: Spelling) {
  const variables: Record<string, unknown> = {};
  const definitions: string[] = [];
  const fragments: string[] = [];

  function printArgument(argument: GraphQLArgument, step: Step): string {
    const value = valueFor(argument, step, ids);
    if (spelling !== "variables" && spelling !== "filters") return `${argument.name}: ${JSON.stringify(value)}`;
    const name = `v${definitions.length}`;
    definitions.push(`$${name}: ${argument.type}`);
    variables[name] = value;
    return `${argument.name}: $${name}`;
  }

  function printStep([step, ...rest]: SchemaPath): string {
    if (step === undefined) return "";
    const { field, type } = step;
    const isWanted = (argument: GraphQLArgument) =>
      isRequiredArgument(argument) || (spelling === "filters" && argument.name === FILTER);
    const args = field.args.filter(isWanted).map((argument) => printArgument(argument, step));
    const selection = `${rest.length === 0 ? leavesOf(type) : printStep(rest)} __typename`;
    const shown = isAbstractType(getNamedType(field.type)) ? `... on ${type.name} { ${selection} }` : selection;
    const head = `${field.name}${args.length === 0 ? "" : `(${args.join(", ")})`}`;
    if (spelling !== "aliases and fragments") return `${head} { ${shown} }`;
    const fragment = `F${rest.length}`;
    fragments.push(`fragment ${fragment} on ${type.name} { ${selection} }`);
    return `a${rest.length}: ${head} { ...${fragment} }`;
  }

  const body = printStep(path);
  const head = definitions.length === 0 ? "query" : `query (${definitions.join(", ")})`;
  return { query: [`${head} { ${body} }`, ...fragments].join("\n"), variables };
}

function leavesOf(type: GraphQLObjectType): string {
  return Object.values(type.getFields())
    .filter((field) => isLeafType(getNamedType(field.type)) && !field.args.some(isRequiredArgument))
    .map((field) => field.name)
    .join(" ");
}

const isId = ({ type }: GraphQLArgument) => ["UUID", "ID"].includes(getNamedType(type).name);

/** The value of a required argument. `taskId` is always the id of a Task, and `id` is the id of the field's own type. */
function valueFor(argument: GraphQLArgument, { field, type }: Step, ids: IdByType): unknown {
  if (argument.name === FILTER) return FILTER_OF_ALL;
  const typeName = /^(\w+)Ids?$/.exec(argument.name)?.[1]?.replace(/^./, (first) => first.toUpperCase()) ?? type.name;
  const id = isId(argument) && /ids?$/i.test(argument.name) ? ids[typeName] : undefined;
  if (id === undefined) {
    throw new Error(
      `The access matrix cannot fill ${field.name}(${argument.name}: ${argument.type}): teach it in valueFor() of ` +
        "test/support/schema-paths.ts, or name an id of its type in test/auth/access-matrix.test.ts",
    );
  }
  return isListType(getNullableType(argument.type)) ? [id] : id;
}

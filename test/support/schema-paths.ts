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

/** A field, and the type that its value is looked at as. */
interface Step {
  readonly field: Field;
  readonly type: GraphQLObjectType;
}

export type SchemaPath = readonly Step[];

/** What is somebody's: the ids that an argument may want, by the name of their type. */
export type IdByType = Readonly<Record<string, string>>;

/** Every way from Query to a type of `guarded` or to one from which they can be reached; none goes through a type twice. */
export function pathsTo(schema: GraphQLSchema, guarded: readonly string[]): SchemaPath[] {
  const query = schema.getQueryType();
  if (!query) return [];
  const paths: SchemaPath[] = [];

  function walk(type: GraphQLObjectType, path: SchemaPath): void {
    for (const step of stepsFrom(schema, type)) {
      if (step.type === query || path.some((before) => before.type === step.type)) continue;
      const longer = [...path, step];
      if (reaches(schema, step.type, guarded)) paths.push(longer);
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

function reaches(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  guarded: readonly string[],
  seen = new Set<GraphQLObjectType>(),
): boolean {
  if (guarded.includes(type.name)) return true;
  if (seen.has(type)) return false;
  seen.add(type);
  return stepsFrom(schema, type).some((step) => reaches(schema, step.type, guarded, seen));
}

export function nameOf(path: SchemaPath): string {
  return path.map(({ field, type }) => `${field.name}:${type.name}`).join(".");
}

/** Whether what is found there depends on an id that the caller gives. */
export function takesId(path: SchemaPath): boolean {
  return path.some(({ field }) => field.args.some((argument) => isRequiredArgument(argument) && isId(argument)));
}

const SPELLINGS = ["literals", "variables", "aliases and fragments", "filters"] as const;
export type Spelling = (typeof SPELLINGS)[number];
export const spellings: readonly Spelling[] = SPELLINGS;

/** With one the rows are found by another statement, which has an access rule of its own. */
const FILTER = "filter";
const FILTER_OF_ALL = { createdFrom: "1970-01-01T00:00:00Z" };

/** A document that goes this way and asks for all there is at its end. */
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

/** What an argument that must be given is given. `taskId` is a Task's id wherever it stands; a bare `id` is that of what it answers. */
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

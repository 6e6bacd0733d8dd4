import {
  type ASTVisitor,
  BREAK,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isLeafType,
  isNonNullType,
  isObjectType,
  Kind,
  TypeInfo,
  type TypeNode,
  visit,
  visitWithTypeInfo,
} from "graphql";

const TYPENAME = "__typename";
const NAME = /^[A-Za-z][A-Za-z0-9]*$/;
const NAME_WITH_UNDERSCORES = /^[A-Za-z][A-Za-z0-9_]*$/;
/** The compiler names the indexes of lists so, in the same paths in which aliases stand. */
const LIST_INDEX = /^idx\d+$/;
/** The compiler writes other strings into its code as markers: `__MAGIC_DATE__…` would be run as JavaScript. */
const PLAIN_TEXT = /^[A-Za-z0-9 @.:+-]*$/;

/**
 * Whether graphql-jit is known to execute the document exactly as graphql-js does. The list of what it gets wrong, with an
 * example of each, is in `docs/decisions/compiled-execution.md`.
 */
export function isSafeToCompile(schema: GraphQLSchema, document: DocumentNode): boolean {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  if (operations.length !== 1) return false;

  let isSafe = true;
  const onlyIf = (condition: boolean) => {
    if (condition) return undefined;
    isSafe = false;
    return BREAK;
  };
  const types = new TypeInfo(schema);
  const typeOfVariable = new Map<string, TypeNode>();
  const visitor: ASTVisitor = {
    Directive: () => onlyIf(false),
    OperationDefinition: ({ name }) => onlyIf(name === undefined || isSafeName(name.value)),
    FragmentDefinition: ({ name }) => onlyIf(isSafeName(name.value)),
    VariableDefinition({ variable, type }) {
      typeOfVariable.set(variable.name.value, type);
      return onlyIf(isSafeName(variable.name.value)) ?? false;
    },
    Field: (node) => onlyIf(isSafeField(node, types.getFieldDef())),
    Argument({ value }) {
      if (value.kind !== Kind.VARIABLE) return undefined;
      // A nullable variable in a non-null position may be an error of the field (graphql-js' `getArgumentValues`).
      const mayBeRefused = isNonNullType(types.getArgument()?.type);
      const isNeverNull = typeOfVariable.get(value.name.value)?.kind === Kind.NON_NULL_TYPE;
      return onlyIf(!mayBeRefused || isNeverNull) ?? false;
    },
    // Only one within a list or an object is visited.
    Variable: () => onlyIf(false),
    StringValue: ({ value }) => onlyIf(PLAIN_TEXT.test(value)),
  };
  // Operations come first, so that the types of all variables are known when a fragment uses one.
  const ordered = { ...document, definitions: [...document.definitions].sort(byOperationFirst) };
  visit(ordered, visitWithTypeInfo(types, visitor));
  return isSafe;
}

function byOperationFirst(one: DocumentNode["definitions"][number], other: DocumentNode["definitions"][number]) {
  return Number(other.kind === Kind.OPERATION_DEFINITION) - Number(one.kind === Kind.OPERATION_DEFINITION);
}

function isSafeField(node: FieldNode, field: GraphQLField<unknown, unknown> | null | undefined): boolean {
  if (field === null || field === undefined) return false;
  const isMetaField = field.name.startsWith("__");
  if (isMetaField && field.name !== TYPENAME) return false;
  if (isAbstractType(getNamedType(field.type))) return false;
  if (node.alias === undefined) return true;
  const alias = node.alias.value;
  return isSafeName(alias) || (NAME_WITH_UNDERSCORES.test(alias) && !isInherited(alias) && hasNoResolvers(field));
}

function isSafeName(name: string): boolean {
  return NAME.test(name) && !LIST_INDEX.test(name) && !isInherited(name);
}

/** Such as `constructor`: generated code would find it in an object that does not have it. */
function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/**
 * Resolvers are told what is selected by a path joined with `_`, so that `jobs_task: x` and `jobs` below `task` are one to
 * them. Without resolvers the path is not used.
 */
function hasNoResolvers(field: GraphQLField<unknown, unknown>): boolean {
  const type = getNamedType(field.type);
  if (field.resolve !== undefined) return false;
  if (isLeafType(type)) return true;
  return (
    isObjectType(type) &&
    Object.values(type.getFields()).every(
      ({ resolve, type }) => resolve === undefined && isLeafType(getNamedType(type)),
    )
  );
}

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
/** graphql-jit uses these names for list indexes, which are in the same paths as aliases. */
const LIST_INDEX = /^idx\d+$/;
/** graphql-jit treats some strings as markers in the code it generates: it would run `__MAGIC_DATE__…` as JavaScript. */
const PLAIN_TEXT = /^[A-Za-z0-9 @.:+-]*$/;

/**
 * Whether graphql-jit is known to execute the document exactly as graphql-js does. The known differences are listed in
 * `docs/decisions/compiled-execution.md`.
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
      // A null for a non-null argument is a field error, which graphql-jit reports differently (`getArgumentValues`).
      const mayBeRefused = isNonNullType(types.getArgument()?.type);
      const isNeverNull = typeOfVariable.get(value.name.value)?.kind === Kind.NON_NULL_TYPE;
      return onlyIf(!mayBeRefused || isNeverNull) ?? false;
    },
    // Only variables inside a list or an object reach this visitor; `Argument` handles the others.
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

/** Generated code would find an inherited name, such as `constructor`, in every object. */
function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/**
 * graphql-jit describes a selection to resolvers by a path joined with `_`, so the alias `jobs_task` has the same path as
 * `jobs` below `task`. A field without resolvers does not use the path.
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

import { readFileSync } from "node:fs";
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
} from "graphql";
import type { Schema } from "./openapi.ts";

const JSON_TYPES: Readonly<Record<string, Schema>> = {
  Int: { type: "integer" },
  Float: { type: "number" },
  String: { type: "string" },
  Boolean: { type: "boolean" },
  UUID: { type: "string", format: "uuid" },
  ID: { type: "string", format: "uuid" },
  DateTime: { type: "string", format: "date-time" },
};

/** The JSON that a stored fragment selects: the type, the format and the nullability of each key, in their order. */
export function shapeOfFragment(schema: GraphQLSchema, file: string, others: readonly string[] = []): Schema {
  const documents = [file, ...others].map((name) => parse(readFileSync(name, "utf8")));
  const fragments = documents
    .flatMap(({ definitions }) => definitions)
    .filter((definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION);

  function shapeOf(type: GraphQLOutputType, selectionSet: SelectionSetNode | undefined): Schema {
    const nullable = getNullableType(type);
    if (isListType(nullable)) return { type: "array", items: shapeOf(nullable.ofType, selectionSet) };
    const named = getNamedType(nullable);
    if (isObjectType(named)) return objectOf(named, selectionSet);
    const { type: jsonType, ...format } = JSON_TYPES[named.name] ?? {};
    return { type: isNonNullType(type) ? jsonType : [String(jsonType), "null"], ...format } as Schema;
  }

  const fieldsOf = (selectionSet: SelectionSetNode | undefined): readonly FieldNode[] =>
    (selectionSet?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection];
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet);
      return fieldsOf(fragments.find(({ name }) => name.value === selection.name.value)?.selectionSet);
    });

  function objectOf(type: GraphQLObjectType, selectionSet: SelectionSetNode | undefined): Schema {
    const properties = fieldsOf(selectionSet).map((field) => {
      const { name, alias, selectionSet } = field;
      const definition = type.getFields()[name.value];
      if (definition === undefined) throw new Error(`${type.name} has no field ${name.value}`);
      return [alias?.value ?? name.value, shapeOf(definition.type, selectionSet)] as const;
    });
    return { type: "object", properties: Object.fromEntries(properties) };
  }

  const [first] = fragments;
  const type = schema.getType(first?.typeCondition.name.value ?? "");
  if (!isObjectType(type)) throw new Error(`${file} has no fragment on an object type`);
  return objectOf(type, first?.selectionSet);
}

import { readFileSync } from "node:fs";
import {
  buildSchema,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
} from "graphql";
import { expect, test } from "vitest";
import { buildTaskJobsSchema, printTaskJobsSchema } from "../../src/graphql/schema.ts";

const schema = buildTaskJobsSchema();

test("schema.graphql is the schema that the server uses (`npm run schema` writes it)", () => {
  expect(readFileSync("schema.graphql", "utf8")).toBe(printTaskJobsSchema(schema));
});

/** The types, fields, arguments and enum values without a description. */
function undescribed(schema: GraphQLSchema): string[] {
  const missing: string[] = [];
  const check = (name: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) missing.push(name);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    check(type.name, type);
    if (isEnumType(type)) for (const value of type.getValues()) check(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) check(`${type.name}.${field.name}`, field);
    }
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        check(`${type.name}.${field.name}`, field);
        for (const argument of field.args) check(`${type.name}.${field.name}(${argument.name})`, argument);
      }
    }
  }
  for (const directive of schema.getDirectives()) {
    check(`@${directive.name}`, directive);
    for (const argument of directive.args) check(`@${directive.name}(${argument.name})`, argument);
  }
  return missing;
}

test("every type, field, argument, enum value and directive has a description", () => {
  expect(undescribed(schema)).toEqual([]);
});

test("types, fields, arguments and enum values without a description are found", () => {
  const bare = buildSchema("type Query { a(b: Int): E } enum E { V }");
  expect(undescribed(bare)).toEqual(["Query", "Query.a", "Query.a(b)", "E", "E.V"]);
});

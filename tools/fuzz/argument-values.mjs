import fc from "fast-check";
import { getNullableType, isEnumType, isInputObjectType, isListType, isNonNullType } from "graphql";
import { hostileText, idText } from "./hostile-values.mjs";
import { EnumWord } from "./literals.mjs";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SIZES = ["limit", "first", "last"];
const ODD_INTEGERS = [0, -1, 101, 1000, 1.5, -0.5, 1e21, 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 2 ** 63];

const isInteger = (value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 31;
const isString = (value) => typeof value === "string";

/** The values that a scalar accepts, decided without the server's code. For other scalars this is unknown. */
const ACCEPTS = {
  Int: (value) => isInteger(value) && value < 2 ** 31,
  Float: (value) => typeof value === "number",
  Boolean: (value) => typeof value === "boolean",
  String: isString,
  // graphql-js converts an integer of any size to text.
  ID: (value) => isString(value) || Number.isInteger(value),
  UUID: (value) => isString(value) && UUID.test(value),
};

/** Values of any type. */
const anything = fc.oneof(
  hostileText,
  fc.constantFrom(...ODD_INTEGERS),
  fc.constantFrom(
    null,
    true,
    false,
    [],
    {},
    [1],
    [[]],
    ["x"],
    { __proto__: null, a: 1 },
    { constructor: { prototype: 1 } },
  ),
);

const size = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_INTEGERS) },
);
const integer = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_INTEGERS) },
);
const moment = fc.oneof(fc.constantFrom("2025-01-01T00:00:00Z", "infinity", "2025-13-01"), hostileText);

const SCALARS = {
  Float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  Boolean: fc.boolean(),
  ID: idText,
  UUID: idText,
  DateTime: moment,
};

/** Mostly a value for an input of this type and name, as JSON, and sometimes a value of any type. */
export function valueArbitrary(type, name, depth = 0) {
  return fc.oneof({ weight: 12, arbitrary: valueFor(type, name, depth) }, { weight: 1, arbitrary: anything });
}

function valueFor(type, name, depth) {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return fc.array(valueArbitrary(nullable.ofType, name, depth + 1), { maxLength: 3 });
  if (isEnumType(nullable)) {
    return fc.constantFrom(...nullable.getValues().map((value) => new EnumWord(value.name)));
  }
  if (isInputObjectType(nullable)) return depth > 2 ? fc.constant({}) : objectFor(nullable, depth);
  if (nullable.name === "Int") return SIZES.includes(name) ? size : integer;
  return SCALARS[nullable.name] ?? hostileText;
}

function objectFor(type, depth) {
  const fields = Object.values(type.getFields());
  const values = Object.fromEntries(
    fields.map((field) => [field.name, valueArbitrary(field.type, field.name, depth + 1)]),
  );
  return fc.record(values, { requiredKeys: fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name) });
}

/** Whether the server must accept the value. Null if that is unknown. */
export function isAccepted(type, value, isVariable) {
  if (value === undefined || value === null) return !isNonNullType(type);
  if (!isVariable && !canBeLiteral(getNullableType(type).name, value)) return false;
  return ACCEPTS[getNullableType(type).name]?.(value) ?? null;
}

/** A document cannot contain a lone surrogate, and an ID literal is a string or an integer. */
function canBeLiteral(typeName, value) {
  if (typeof value === "string") return value.isWellFormed();
  return typeName !== "ID" || typeof value !== "number" || /^-?\d+$/.test(String(value));
}

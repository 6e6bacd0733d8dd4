import { getNullableType, isEnumType, isInputObjectType, isListType, isNonNullType } from "graphql";
import { TASKS } from "../data.mjs";
import { EnumWord } from "../literals.mjs";

const IDS = [...TASKS.map(({ id }) => id), TASKS[0].id.toUpperCase()];
/** Texts for arguments. The second text begins with a marker that graphql-jit treats as code. */
const TEXTS = ["job", "__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d(process.exit(9))", 'a"b\\', "$&`", "é"];
const PLAIN_TEXTS = ["job", "fuzz.example", "2025-01-01T00:00:00Z"];
const INTEGERS = [1, 1, 2, 2, 3, 5, 0, -1, 101];

/** Mostly a value that the type accepts, as JSON. Enum values are instances of EnumWord. */
export function makeValue(type, random) {
  if (!isNonNullType(type) && random.chance(0.1)) return null;
  if (random.chance(0.03)) return random.oneOf([null, "x", 1.5, true, [], {}, [null]]);
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    // GraphQL coerces a single value to a list with one element.
    if (random.chance(0.25)) return makeValue(nullable.ofType, random);
    return Array.from({ length: random.below(3) }, () => makeValue(nullable.ofType, random));
  }
  if (isEnumType(nullable)) return new EnumWord(random.oneOf(nullable.getValues()).name);
  if (isInputObjectType(nullable)) {
    const fields = Object.values(nullable.getFields()).filter(() => random.chance(0.15));
    return Object.fromEntries(fields.map((field) => [field.name, makeValue(field.type, random)]));
  }
  return scalarOf(nullable.name, random);
}

function scalarOf(name, random) {
  if (name === "Int") return random.oneOf(INTEGERS);
  if (name === "Boolean") return random.chance(0.5);
  if (name === "UUID" || name === "ID") return random.chance(0.6) ? IDS[0] : random.oneOf(IDS);
  if (name === "DateTime") return random.oneOf(["2025-01-01T00:00:00Z", "2030-01-01T00:00:00+02:00", "soon"]);
  return random.oneOf(random.isPlain ? PLAIN_TEXTS : TEXTS);
}

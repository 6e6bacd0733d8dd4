import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { literalOf } from "../literals.mjs";
import { makeValue } from "./values.mjs";

const MAX_DEPTH = 6;
/** Names that objects inherit, that generated code uses, and that a path joined with `_` confuses. */
const ODD_NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "idx0",
  "__context",
  "x_y",
  "jobs_t",
  "data",
];
const PLAIN_NAMES = ["a", "b", "t", "jobs", "id", "email"];
const PLAIN_ROOTS = ["viewer", "task", "task", "taskJobs", "taskJobs", "tasks", "__typename"];
const ROOTS = [...PLAIN_ROOTS, "viewer", "viewer", "node", "nodes", "__schema", "__type"];

export function nameOf(random) {
  return random.oneOf(!random.isPlain && random.chance(0.25) ? ODD_NAMES : PLAIN_NAMES);
}

/** Writes random selections over the schema, with the fragments and the variables that they use. */
export function createWriter(schema, random) {
  const variables = new Map();
  const fragments = [];

  function selection(type, depth) {
    const fields = Object.values(type.getFields());
    const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)));
    const parts = [];
    const count = depth === 0 ? 1 + random.below(2) : 1 + random.below(4);
    for (let part = 0; part < count; part += 1) {
      if (parts.length > 0 && random.chance(0.2)) parts.push(repeated(random.oneOf(parts)));
      else if (random.chance(0.25)) parts.push(fragment(type, depth));
      else if (type === schema.getQueryType()) parts.push(rootField(type));
      else if (random.chance(0.06)) parts.push("__typename");
      else {
        const candidates = depth < MAX_DEPTH && (leaves.length === 0 || random.chance(0.5)) ? fields : leaves;
        parts.push(candidates.length === 0 ? "__typename" : field(random.oneOf(candidates), depth));
      }
    }
    return `{ ${parts.filter((part) => part !== "").join(" ") || "__typename"} }`;
  }

  function rootField(type) {
    const name = random.oneOf(random.isPlain ? PLAIN_ROOTS : ROOTS);
    if (name === "__typename") return name;
    if (name === "__schema") return "__schema { queryType { name } }";
    if (name === "__type") return '__type(name: "Email") { name kind }';
    return field(type.getFields()[name], 0);
  }

  /** Repeats a selection under another condition, so that both must be merged. */
  function repeated(part) {
    const [, head] = /^(\.\.\.\w+|(?:\w+: )?\w+(?:\([^@]*?\))?)(?: @.*)?$/.exec(part) ?? [];
    return head === undefined ? part : `${head}${condition(0.7)}`;
  }

  function field({ name, args, type }, depth) {
    const below = getNamedType(type);
    const alias = random.chance(0.2) ? `${nameOf(random)}: ` : "";
    const given = args.filter(
      (arg) => (isNonNullType(arg.type) && arg.defaultValue === undefined) || random.chance(0.3),
    );
    const printed = given.map((arg) => `${arg.name}: ${argument(arg)}`);
    const list = printed.length === 0 ? "" : `(${printed.join(", ")})`;
    const inner = isLeafType(below) ? "" : ` ${selection(below, depth + 1)}`;
    return `${alias}${name}${list}${condition(0.12)}${inner}`;
  }

  function condition(probability) {
    if (!random.hasConditions || !random.chance(probability)) return "";
    const value = random.chance(0.5)
      ? String(random.chance(0.5))
      : variable(random.oneOf(["Boolean!", "Boolean!", "Boolean = true"]), () => random.chance(0.5));
    return ` @${random.oneOf(["skip", "include"])}(if: ${value})`;
  }

  function argument({ type, defaultValue }) {
    if (!random.chance(0.4)) return insides(type, makeValue(type, random));
    const nullable = getNullableType(type);
    const declared = [String(type), String(type)];
    if (random.isPlain) return variable(String(type), () => makeValue(type, random));
    if (defaultValue !== undefined) declared.push(String(nullable));
    if (isNonNullType(type)) declared.push(`${nullable} = ${literalOf(makeValue(type, random))}`);
    return variable(random.oneOf(declared), () => makeValue(type, random));
  }

  /** Sometimes places a variable inside a list or an object. */
  function insides(type, value) {
    const nullable = getNullableType(type);
    if (isListType(nullable) && !random.isPlain && random.chance(0.15))
      return `[${variable(itemOf(nullable.ofType), () => makeValue(nullable.ofType, random))}]`;
    if (!isInputObjectType(nullable) || value === null || typeof value !== "object") return literalOf(value);
    const entries = Object.entries(value).filter(([name]) => name in nullable.getFields());
    return `{${entries.map(([name, inner]) => `${name}: ${insides(nullable.getFields()[name].type, inner)}`).join(", ")}}`;
  }

  function itemOf(type) {
    if (!isNonNullType(type) || random.chance(0.5)) return String(type);
    return `${type.ofType} = ${literalOf(makeValue(type, random))}`;
  }

  function variable(type, giveValue) {
    const known = [...variables.values()].filter((other) => other.type === type);
    if (known.length > 0 && random.chance(0.4)) return `$${random.oneOf(known).name}`;
    const name = oddName(0.15) ?? `v${variables.size}`;
    if (variables.has(name)) return `$${name}`;
    const made = !type.split(" ")[0].endsWith("!") && random.chance(0.2) ? null : giveValue();
    const isGiven = type.includes("!") && !type.includes("=") ? !random.chance(0.02) : random.chance(0.8);
    variables.set(name, { name, type, declaration: `$${name}: ${type}`, value: made, isGiven });
    return `$${name}`;
  }

  function fragment(type, depth) {
    const on = random.oneOf([type, type, ...relativesOf(type)]);
    if (random.chance(0.4)) {
      const head = on === type && random.chance(0.4) ? "..." : `... on ${on}`;
      return `${head}${condition(0.3)} ${selection(on, depth)}`;
    }
    const known = fragments.filter((other) => other.on === on && other.text !== null);
    const chosen = known.length > 0 && random.chance(0.6) ? random.oneOf(known) : newFragment(on, depth);
    return `...${chosen.name}${condition(0.3)}`;
  }

  function newFragment(on, depth) {
    const name = oddName(0.15) ?? `F${fragments.length}`;
    if (fragments.some((other) => other.name === name)) return fragments.find((other) => other.name === name);
    const made = { name, on, text: /** @type {string | null} */ (null) };
    fragments.push(made);
    made.text = `fragment ${name} on ${on} ${selection(on, Math.max(depth, 1))}`;
    return made;
  }

  function oddName(probability) {
    return !random.isPlain && random.chance(probability) ? random.oneOf(ODD_NAMES) : undefined;
  }

  function relativesOf(type) {
    if (isInterfaceType(type)) return schema.getPossibleTypes(type);
    return isObjectType(type) ? type.getInterfaces() : [];
  }

  return {
    selection,
    fragments: () => fragments.map(({ text }) => text),
    variablesOf: (text) =>
      [...variables.values()].filter(({ name }) => new RegExp(`\\$${name.replaceAll("$", "")}\\b`).test(text)),
  };
}

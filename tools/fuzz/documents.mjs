import fc from "fast-check";
import { getNamedType, isCompositeType, isNonNullType, isObjectType } from "graphql";
import { isAccepted, valueArbitrary } from "./argument-values.mjs";
import { literalOf } from "./literals.mjs";

const MAX_DEPTH = 7;
const MAX_ROOTS = 3;

/**
 * Valid documents for any schema: selections of its fields with arguments, aliases, fragments and directives. Each is
 * `{ text, variables, operationName, roots }`; the response is compared with `roots`.
 */
export function documentArbitrary(schema) {
  const known = new Map();
  const root = schema.getQueryType();

  function selectionOf(type, depth) {
    const key = `${type.name} ${depth}`;
    if (!known.has(key)) known.set(key, makeSelection(type, depth));
    return known.get(key);
  }

  function makeSelection(type, depth) {
    const fields = isObjectType(type) || "getFields" in type ? Object.values(type.getFields()) : [];
    const leaves = fields.filter(({ type }) => !isCompositeType(getNamedType(type)));
    const composites = depth < MAX_DEPTH ? fields.filter((field) => !leaves.includes(field)) : [];
    const parts = [fc.subarray([...leaves.map((field) => fieldOf(field)), fc.constant(typenameField)])];
    if (composites.length > 0) {
      const lazy = composites.map((field) => fieldOf(field, () => selectionOf(getNamedType(field.type), depth + 1)));
      parts.push(
        depth === 0 ? fc.array(fc.constantFrom(...lazy), { minLength: 1, maxLength: MAX_ROOTS }) : fc.subarray(lazy),
      );
    }
    const wrap = fc.oneof(
      { weight: 6, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom("inline", "bare", "named") },
    );
    return fc
      .tuple(...parts)
      .chain((chosen) => fc.tuple(fc.tuple(...chosen.flat()), wrap))
      .map(([items, wrapped]) => ({ on: type.name, wrapped, items: items.length === 0 ? [typenameField] : items }));
  }

  return fc
    .tuple(selectionOf(root, 0), fc.constantFrom(null, "Fuzz"))
    .map(([selection, operationName]) => printDocument(selection, operationName));
}

const typenameField = { name: "__typename", alias: false, args: [], directive: null, selection: null };

const directive = fc.oneof(
  { weight: 10, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({ name: fc.constantFrom("skip", "include"), value: fc.boolean(), isVariable: fc.boolean() }),
  },
);
const alias = fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

function fieldOf(field, openSelection) {
  const args = field.args.map((argument) => {
    const given = fc.record({
      argument: fc.constant(argument),
      value: valueArbitrary(argument.type, argument.name),
      isVariable: fc.boolean(),
    });
    const isRequired = isNonNullType(argument.type) && argument.defaultValue === undefined;
    return isRequired ? given : fc.option(given, { nil: null, freq: 3 });
  });
  return fc.tuple(alias, directive, fc.tuple(...args)).chain(([alias, directive, args]) => {
    const head = { field, name: field.name, alias, directive, args: args.filter((arg) => arg !== null) };
    if (openSelection === undefined) return fc.constant({ ...head, selection: null });
    return openSelection().map((selection) => ({ ...head, selection }));
  });
}

/** Fields with arguments get a unique alias, because two fields with the same response name must be identical. */
function printDocument(selection, operationName) {
  const variables = {};
  const definitions = [];
  const fragments = [];
  let names = 0;

  function variable(type, value) {
    const name = `v${definitions.length}`;
    definitions.push(`$${name}: ${type}`);
    variables[name] = value;
    return `$${name}`;
  }

  function printField(item) {
    const { name, args, directive, selection } = item;
    item.key = item.alias || args.length > 0 ? `n${++names}` : name;
    const printedArgs = args.map(({ argument, value, isVariable }) => {
      return `${argument.name}: ${isVariable ? variable(argument.type, value) : literalOf(value)}`;
    });
    const condition = directive && (directive.isVariable ? variable("Boolean!", directive.value) : directive.value);
    return [
      item.key === name ? name : `${item.key}: ${name}`,
      printedArgs.length === 0 ? "" : `(${printedArgs.join(", ")})`,
      directive === null ? "" : ` @${directive.name}(if: ${condition})`,
      selection === null ? "" : ` ${printSelection(selection)}`,
    ].join("");
  }

  function printSelection({ on, wrapped, items }) {
    const printed = `{ ${items.map(printField).join(" ")} }`;
    if (wrapped === null) return printed;
    if (wrapped !== "named") return `{ ... ${wrapped === "bare" ? "" : `on ${on} `}${printed} }`;
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${on} ${printed}`);
    return `{ ...${name} }`;
  }

  // fast-check may use the same object twice, so copy it before names are written into it.
  const roots = structuredCopy(selection);
  const body = printSelection(roots);
  const head = definitions.length === 0 ? (operationName ?? "") : `${operationName ?? ""}(${definitions.join(", ")})`;
  const text = [`query ${head} ${body}`, ...fragments].join("\n");
  return { text, variables, operationName, roots };
}

/** @returns {any} */
function structuredCopy({ items, ...selection }) {
  return {
    ...selection,
    items: items.map((item) => ({ ...item, selection: item.selection && structuredCopy(item.selection) })),
  };
}

export function isLeftOut({ directive }) {
  return directive !== null && (directive.name === "skip") === directive.value;
}

/** The value of an argument after defaults, and whether its type accepts it. */
export function argumentOf({ field, args }, name) {
  const argument = field.args.find((one) => one.name === name);
  const given = args.find((one) => one.argument.name === name);
  if (given === undefined) return { value: argument?.defaultValue, isAccepted: true };
  return { value: given.value, isAccepted: isAccepted(given.argument.type, given.value, given.isVariable) };
}

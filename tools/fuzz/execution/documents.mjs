import { randomOf } from "./random.mjs";
import { createWriter, nameOf } from "./selection-writer.mjs";

/**
 * A request with a document over the schema: fragments that are spread several times, conditions, nulls, defaults, lists,
 * odd names, several operations, and an `operationName` that sometimes does not exist. It may be invalid.
 */
export function requestOf(schema, seed, index) {
  const random = randomOf(seed, index);
  // Half of the documents are safe to compile, and others are unsafe only because of conditions.
  const kind = random.oneOf(["plain", "plain", "conditional", "any"]);
  random.isPlain = kind !== "any";
  random.hasConditions = kind !== "plain";
  const writer = createWriter(schema, random);
  const count = !random.isPlain && random.chance(0.15) ? 2 : 1;
  const names =
    count === 1 && random.chance(0.5) ? [undefined] : [nameOf(random), `${nameOf(random)}2`].slice(0, count);
  const bodies = names.map(() => writer.selection(schema.getQueryType(), 0));
  const fragments = writer.fragments();
  const variables = writer.variablesOf([...bodies, ...fragments].join(" "));
  const operations = names.map((name, at) => {
    // Each operation declares what it uses, and the fragments may use all of them.
    const used = writer.variablesOf(`${bodies[at]} ${reachable(bodies[at], fragments)}`);
    const declared = used.length === 0 ? "" : `(${used.map(({ declaration }) => declaration).join(", ")})`;
    return `query ${name ?? ""}${declared} ${bodies[at]}`;
  });
  const values = Object.fromEntries(variables.filter(({ isGiven }) => isGiven).map(({ name, value }) => [name, value]));
  const operationName = operationNameOf(names, random);
  return {
    query: [...operations, ...fragments].join("\n"),
    variables: JSON.parse(JSON.stringify(values)),
    ...(operationName === undefined ? {} : { operationName }),
  };
}

function operationNameOf(names, random) {
  if (random.chance(0.06)) return random.oneOf(["X", "", "__proto__", "constructor", "F0"]);
  const name = random.oneOf(names);
  return names.length === 1 && random.chance(0.5) ? undefined : name;
}

function reachable(text, fragments) {
  const seen = new Set();
  const visit = (from) => {
    for (const fragment of fragments) {
      const [, name] = /^fragment (\w+)/.exec(fragment) ?? [];
      if (seen.has(fragment) || !new RegExp(`\\.\\.\\.${name}\\b`).test(from)) continue;
      seen.add(fragment);
      visit(fragment);
    }
  };
  visit(text);
  return [...seen].join(" ");
}

/** An enum value: a bare word in a document, a string in the variables. */
export class EnumWord {
  constructor(word) {
    this.word = word;
  }
  toJSON() {
    return this.word;
  }
}

/** Writes a value as a literal of GraphQL, without the keys that are no names. */
export function literalOf(value) {
  if (value instanceof EnumWord) return value.word;
  if (Array.isArray(value)) return `[${value.map(literalOf).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .filter(([name]) => /^[_a-z]\w*$/i.test(name))
    .map(([name, inner]) => `${name}: ${literalOf(inner)}`)
    .join(", ")}}`;
}

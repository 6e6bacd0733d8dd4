import { type ArgumentNode, type FieldNode, GraphQLError, type GraphQLNamedType, isObjectType, print } from "graphql";

/** A field of a document with the type that it is selected on, which is undefined if the schema has no such type. */
export interface SelectedField {
  readonly node: FieldNode;
  readonly parent: GraphQLNamedType | undefined;
}

export const responseNameOf = ({ alias, name }: FieldNode): string => (alias ?? name).value;

/**
 * Adds a field to those with the same response name at the same position of the response, unless one on the same type is
 * there. Throws if the field cannot be merged with them. graphql-js has this rule too, but its report can grow with the
 * square of the document.
 */
export function addMergedField(merged: SelectedField[], added: SelectedField): void {
  let isNew = true;
  for (const field of merged) {
    // A value has exactly one object type, so fields on two different object types never merge.
    if (field.parent !== added.parent && isObjectType(field.parent) && isObjectType(added.parent)) continue;
    const difference = differenceOf(field.node, added.node);
    if (difference !== null) {
      throw new GraphQLError(
        `Fields "${responseNameOf(added.node)}" conflict because ${difference}. Use different aliases on the fields to fetch both if this was intentional.`,
        { nodes: [field.node, added.node] },
      );
    }
    isNew = isNew && field.parent !== added.parent;
  }
  if (isNew) merged.push(added);
}

function differenceOf(one: FieldNode, other: FieldNode): string | null {
  if (one.name.value !== other.name.value) return `"${one.name.value}" and "${other.name.value}" are different fields`;
  return haveSameArguments(one, other) ? null : "they have differing arguments";
}

function haveSameArguments({ arguments: some = [] }: FieldNode, { arguments: others = [] }: FieldNode): boolean {
  if (some.length !== others.length) return false;
  const printed = (given: readonly ArgumentNode[]) => given.map(print).sort().join();
  return some === others || printed(some) === printed(others);
}

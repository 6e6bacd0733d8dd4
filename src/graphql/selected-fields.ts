import {
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";

/**
 * The paths of the fields selected below the resolved field, such as `jobs` and `jobs.email`, after `@skip` and `@include`.
 * Fragments are followed whatever their type condition is, because callers use this function only for object types.
 */
export function selectedFields(info: GraphQLResolveInfo): Set<string> {
  const paths = new Set<string>();

  function visit(selectionSet: SelectionSetNode | undefined, prefix: string): void {
    for (const selection of selectionSet?.selections ?? []) {
      if (!isIncluded(selection, info)) continue;
      if (selection.kind === Kind.FIELD) {
        const path = prefix + selection.name.value;
        paths.add(path);
        visit(selection.selectionSet, `${path}.`);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet, prefix);
      else visit(info.fragments[selection.name.value]?.selectionSet, prefix);
    }
  }

  info.fieldNodes.forEach((node: FieldNode) => {
    visit(node.selectionSet, "");
  });
  return paths;
}

function isIncluded(selection: SelectionNode, info: GraphQLResolveInfo): boolean {
  if (selection.directives === undefined || selection.directives.length === 0) return true;
  const skip = getDirectiveValues(GraphQLSkipDirective, selection, info.variableValues);
  const include = getDirectiveValues(GraphQLIncludeDirective, selection, info.variableValues);
  return skip?.if !== true && include?.if !== false;
}

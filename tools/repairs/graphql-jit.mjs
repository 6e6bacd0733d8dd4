// Where a field is neither null nor an error nobody needs its place in the answer. Made all the same for each of the 2,000
// fields of a page, the places were a fifth of what a page allocates (docs/decisions/graphql-jit-repair.md).
const whenPresent =
  `\${sourcePath} != null && !(\${sourcePath} instanceof Error) ? ` +
  `\${serializerRef}(\${GLOBAL_EXECUTION_CONTEXT}, \${sourcePath}, \${errHandler}\${extraIndexes}) : `;

const onlyWhereNeeded = (check) => ({
  files: ["dist/execution.js", "dist/execution.mjs"],
  broken: `return \`\${GLOBAL_RUNTIME_NAME}.${check}(`,
  repaired: `return \`${whenPresent}\${GLOBAL_RUNTIME_NAME}.${check}(`,
});

export const graphqlJit = {
  name: "graphql-jit",
  version: "0.8.9",
  repairs: [onlyWhereNeeded("checkNonNullLeaf"), onlyWhereNeeded("checkNullableLeaf")],
};

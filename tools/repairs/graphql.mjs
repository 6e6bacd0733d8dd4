// A list whose item fails at once drops the promises of the items before it, and a rejection among them is then unhandled,
// which ends a Node process. Repaired, the failure joins these promises, as in graphql-js 17 (docs/decisions/compiled-execution.md).
export const graphql = {
  name: "graphql",
  version: "16.15.0",
  repairs: [
    {
      files: ["execution/execute.js", "execution/execute.mjs"],
      broken: `      return handleFieldError(error, itemType, itemPath, exeContext);
    }
  });
  return containsPromise ?`,
      repaired: `      if (containsPromise) {
        return new Promise((resolve) => {
          resolve(handleFieldError(error, itemType, itemPath, exeContext));
        });
      }
      return handleFieldError(error, itemType, itemPath, exeContext);
    }
  });
  return containsPromise ?`,
    },
  ],
};

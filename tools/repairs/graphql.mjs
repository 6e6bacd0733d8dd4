// graphql-js drops the promises of earlier list items when an item fails synchronously, and an unhandled rejection among them
// ends a Node process. The repair awaits these promises, as graphql-js 17 does (docs/decisions/compiled-execution.md).
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

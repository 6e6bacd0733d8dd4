import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { graphql } from "./graphql.mjs";
import { graphqlJit } from "./graphql-jit.mjs";
import { postgres } from "./postgres.mjs";

// Run after every install and before every build; changes nothing the second time, and fails where a package is not the one
// that its repairs were written for.
for (const { name, version, repairs } of [postgres, graphql, graphqlJit]) {
  for (const { files, broken, repaired } of repairs) {
    for (const file of files) {
      const path = fileURLToPath(new URL(`../../node_modules/${name}/${file}`, import.meta.url));
      const text = readFileSync(path, "utf8");
      if (text.includes(repaired)) continue;
      if (!text.includes(broken)) throw new Error(`${path} is not ${name} ${version}: look at tools/repairs/`);
      writeFileSync(
        path,
        text.replace(broken, () => repaired),
      );
    }
  }
}

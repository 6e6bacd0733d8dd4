import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { graphqlJit } from "./graphql-jit.mjs";
import { postgres } from "./postgres.mjs";

// Run after every install and before every build; changes nothing the second time, and fails where a package is not the one
// that its repairs were written for.
for (const { name, version, files, repairs } of [postgres, graphqlJit]) {
  for (const path of files) {
    const file = fileURLToPath(new URL(`../../node_modules/${name}/${path}`, import.meta.url));
    const found = readFileSync(file, "utf8");
    const mended = repairs.reduce((text, { broken, repaired }) => {
      if (text.includes(repaired)) return text;
      if (!text.includes(broken)) throw new Error(`${file} is not ${name} ${version}: look at tools/repairs/`);
      return text.replace(broken, () => repaired);
    }, found);
    if (mended !== found) writeFileSync(file, mended);
  }
}

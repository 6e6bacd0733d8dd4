import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { graphqlJit } from "../../tools/repairs/graphql-jit.mjs";
import { postgres } from "../../tools/repairs/postgres.mjs";

/** A package as it came from npm: every repair undone on a copy. */
const copyUnrepaired =
  ({ name, repairs }: typeof postgres) =>
  (to: string): void => {
    cpSync(join("node_modules", name), to, { recursive: true });
    for (const { files, broken, repaired } of repairs) {
      for (const file of files) {
        const path = join(to, file);
        const text = readFileSync(path, "utf8");
        if (!text.includes(repaired)) throw new Error(`${path} is not repaired`);
        writeFileSync(
          path,
          text.replace(repaired, () => broken),
        );
      }
    }
  };

export const copyUnrepairedDriver = copyUnrepaired(postgres);
export const copyUnrepairedGraphqlJit = copyUnrepaired(graphqlJit);

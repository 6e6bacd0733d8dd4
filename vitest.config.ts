import { createRequire } from "node:module";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./test/support/summary-reporter.ts";

const require = createRequire(import.meta.url);

/** They measure milliseconds: alone on the machine, one after the other, once the rest is done. */
const TIMED = [
  "test/db/{faults,isolation}.test.ts",
  "test/graphql/hostile-documents.test.ts",
  "test/server/{early-start,rolling-restart}.test.ts",
  "test/tools/{execution-fuzz,fuzz,hostile-key,storm}.test.ts",
];
const ALL = ["test/**/*.test.ts", "packages/*/test/*.test.ts"];

export default defineConfig({
  // Vite would pick graphql's ESM build while type-graphql and Apollo get the CommonJS one: "another module or realm".
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: require.resolve("graphql") },
      { find: "#embedded-postgres", replacement: resolve("packages/embedded-postgres/src/embedded-postgres.ts") },
    ],
  },
  test: {
    projects: [
      { extends: true, test: { name: "all", include: ALL, exclude: TIMED, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: { name: "timed", include: TIMED, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default", new SummaryReporter()],
    // Vitest would use one worker on two cores, and most tests wait rather than compute.
    maxWorkers: 2,
    passWithNoTests: false,
    allowOnly: false,
  },
});

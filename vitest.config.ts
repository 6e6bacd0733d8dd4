import { createRequire } from "node:module";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./test/support/summary-reporter.ts";

const require = createRequire(import.meta.url);

/** These tests measure times, so they run one after another when all other tests are done. */
const TIMED = [
  "test/db/{failover,faults,isolation}.test.ts",
  "test/graphql/hostile-documents.test.ts",
  "test/server/{early-start,rolling-restart}.test.ts",
  "test/tools/{fuzz,hostile-key,storm}.test.ts",
];
const ALL = ["test/**/*.test.ts", "packages/*/test/*.test.ts"];

export default defineConfig({
  // Vite would load graphql's ESM build beside the CommonJS build of type-graphql and Apollo, and graphql refuses two copies.
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
    // By default vitest uses one worker on two cores, but most tests wait rather than compute.
    maxWorkers: 2,
    passWithNoTests: false,
    allowOnly: false,
  },
});

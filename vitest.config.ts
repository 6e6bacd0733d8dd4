import { createRequire } from "node:module";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./test/support/summary-reporter.ts";

const require = createRequire(import.meta.url);

export default defineConfig({
  // Vite would pick graphql's ESM build while type-graphql and Apollo get the CommonJS one: "another module or realm".
  resolve: { alias: [{ find: /^graphql$/, replacement: require.resolve("graphql") }] },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default", new SummaryReporter()],
    passWithNoTests: false,
    allowOnly: false,
  },
});

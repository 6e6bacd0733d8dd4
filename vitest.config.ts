import { createRequire } from "node:module";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./test/support/summary-reporter.ts";
import { LongestFirst } from "./test/support/test-sequencer.ts";

const require = createRequire(import.meta.url);

/** These tests need both cores for the times that they measure, so they run one after another when all other tests are done. */
const TIMED = [
  "test/db/{failover,faults,isolation}.test.ts",
  "test/graphql/hostile-documents.test.ts",
  "test/server/rolling-restart.test.ts",
  "test/tools/{hostile-key,storm}.test.ts",
];

/** These tests measure their own process, so it must not have run other tests before. */
const OWN_PROCESS = ["test/graphql/caches.test.ts", "test/rate-limit/event-loop-load.test.ts"];

/**
 * The tests that also run on the Citus cluster at CITUS_URL, in its one database and so one after another. Other files change
 * the tables, count statements, use two databases, or write in ways that Citus refuses (`docs/scaling.md`).
 */
const CITUS_URL = process.env.CITUS_URL;
const ON_CITUS = [
  "test/citus/*.test.ts",
  "test/auth/{access,access-matrix,api-key}.test.ts",
  "test/export/{export-clients,export-fields}.test.ts",
  "test/graphql/{compiled-execution,costly-statements,document-limits,graphql-clients,graphql-cop,graphql-over-http}.test.ts",
  "test/http/{path-prefix,request-body,rest-clients,rest-envelope,rest-manual,security-headers}.test.ts",
  "test/import/import.test.ts",
  "test/live/{subscriptions,task-events}.test.ts",
  "test/job-search/{job-search.queries,rest-filters}.test.ts",
  "test/paging/link-header.test.ts",
  "test/task-jobs/{rest-bytes,rest-parameters,task-job.route}.test.ts",
  "test/tasks/{failed-batch,task-progress}.test.ts",
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
      {
        extends: true,
        test: {
          name: "all",
          include: ALL,
          exclude: [...TIMED, ...OWN_PROCESS, "test/citus/**"],
          // Files share two processes, because a process of its own takes each file about a second to load the program.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: "own process", include: OWN_PROCESS, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: { name: "timed", include: TIMED, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
      ...(CITUS_URL === undefined
        ? []
        : [
            {
              extends: true as const,
              test: {
                name: "citus",
                include: ON_CITUS,
                env: { TESTS_ON_CITUS: CITUS_URL },
                fileParallelism: false,
                sequence: { groupOrder: 2 },
              },
            },
          ]),
    ],
    sequence: { sequencer: LongestFirst },
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", new SummaryReporter()],
    // By default vitest uses one worker on two cores, but most tests wait rather than compute.
    maxWorkers: 2,
    passWithNoTests: false,
    // A shared machine can pause for a second, so CI repeats a failed test once. The summary lists the tests that it repeated.
    retry: process.env.CI ? 1 : 0,
    expect: {
      // A test that checks nothing fails.
      requireAssertions: true,
      // The default of one second may be too short on a busy machine.
      poll: { timeout: 15_000 },
    },
    allowOnly: false,
  },
});

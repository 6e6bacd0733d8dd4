import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/**
 * Ends the run with the line `N passed, N failed`, which CI reads. In CI a skipped test fails the run, because otherwise it
 * looks like a test that passed, and a test that passed only when it was repeated is listed.
 */
export class SummaryReporter implements Reporter {
  readonly #skippingFails: boolean;

  constructor(environment = process.env) {
    this.#skippingFails = Boolean(environment.CI);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string) => tests.filter((test) => test.result().state === state);
    const skipped = inState("skipped");

    if (this.#skippingFails && skipped.length > 0) {
      console.error(`In CI no test may be skipped:\n${list(skipped)}\n`);
      process.exitCode = 1;
    }
    const flaky = tests.filter((test) => test.diagnostic()?.flaky);
    if (flaky.length > 0) console.log(`Failed once and passed when repeated:\n${list(flaky)}\n`);

    const failed = inState("failed").length + countBrokenGroups(modules) + unhandledErrors.length;
    const skips = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
    console.log(`${inState("passed").length} passed, ${failed} failed${skips}`);
  }
}

/** Counts files that do not load and hooks that throw, which fail the run without a failed test. */
function countBrokenGroups(modules: readonly TestModule[]): number {
  const groups = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return groups.filter((group) => group.errors().length > 0).length;
}

function list(tests: readonly TestCase[]): string {
  return tests.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}`).join("\n");
}

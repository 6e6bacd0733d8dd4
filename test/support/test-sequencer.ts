import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files of these folders start programs and browsers, and some of them take a minute. */
const LONG = /\/test\/(tools|server|http\/graphiql)\//;

/** Starts the longest files first, so that both cores are busy until the end, also without the durations of an earlier run. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

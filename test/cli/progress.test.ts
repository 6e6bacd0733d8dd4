import { expect, test } from "vitest";
import { openProgress } from "../../src/cli/progress.ts";

function open(isTTY: boolean, totalBytes: number | null) {
  let written = "";
  let nowMs = 0;
  const write = (text: string) => {
    written += text;
  };
  const progress = openProgress({ isTTY, write }, totalBytes, () => nowMs);
  return {
    ...progress,
    at(ms: number, ...update: Parameters<typeof progress.update>) {
      nowMs = ms;
      progress.update(...update);
    },
    written: () => written,
  };
}

test("progress outside a terminal is a plain line every five seconds and one at the end", () => {
  const progress = open(false, 1000);
  progress.at(100, { phase: "reading", rows: 1, bytes: 10 });
  progress.at(5_000, { phase: "reading", rows: 1_500, bytes: 500 });
  progress.at(6_000, { phase: "reading", rows: 2_000, bytes: 1000 });
  progress.at(10_100, { phase: "storing", rows: 500, bytes: 1000 });
  progress.at(10_200, { phase: "storing", rows: 2_000, bytes: 1000 });
  progress.close();
  expect(progress.written()).toBe("reading: 1,500 rows, 50 %\nstoring: 500 rows, 25 %\nstoring: 2,000 rows, 100 %\n");
});

test("progress on a terminal is a bar that is redrawn on the same line", () => {
  const progress = open(true, 1000);
  progress.at(0, { phase: "reading", rows: 1, bytes: 0 });
  progress.at(50, { phase: "reading", rows: 2, bytes: 100 });
  progress.at(100, { phase: "reading", rows: 10, bytes: 500 });
  progress.close();
  expect(progress.written()).toBe(
    `\r\x1b[K[${".".repeat(30)}] reading: 1 row, 0 %\r\x1b[K[${"#".repeat(15)}${".".repeat(15)}] reading: 10 rows, 50 %\n`,
  );
});

test("a message is on a line of its own, before the progress", () => {
  const messages = [true, false].map((isTerminal) => {
    const progress = open(isTerminal, null);
    progress.at(0, { phase: "reading", rows: 1, bytes: 0 });
    progress.say("Waiting.");
    progress.close();
    return progress.written();
  });
  expect(messages).toEqual([
    "\r\x1b[Kreading: 1 row\r\x1b[KWaiting.\n\r\x1b[Kreading: 1 row\n",
    "Waiting.\nreading: 1 row\n",
  ]);
});

test("the percentage of an export is the share of its rows", () => {
  const progress = open(false, 200);
  progress.at(5_000, { phase: "exporting", rows: 50, bytes: 9_999 });
  progress.close();
  expect(progress.written()).toBe("exporting: 50 rows, 25 %\n");
});

test("progress of standard input shows the number of rows without a percentage", () => {
  const progress = open(false, null);
  progress.at(5_000, { phase: "reading", rows: 3, bytes: 30 });
  progress.close();
  expect(progress.written()).toBe("reading: 3 rows\n");
});

test("nothing is printed if there was no progress", () => {
  const progress = open(true, 10);
  progress.close();
  expect(progress.written()).toBe("");
});

import { test } from "vitest";
import { expectCalmUnder } from "../support/storm.ts";

// A shorter edition of `npm run storm`, with as many faults a second.

test("backends that are killed, frozen and run into errors in mid-stream cost none of 40 clients an answer", async () => {
  await expectCalmUnder("--seconds", "15", "--seed", "4");
}, 180_000);

import { describe, expect, test } from "vitest";
import { readPosition, takePosition } from "../../../src/db/reads/position.queries.ts";
import { formatToken, historyOf, parseTokens } from "../../../src/db/replicas/consistency-token.ts";
import { PrimaryHistory } from "../../../src/db/replicas/primary-history.ts";
import { readReplicaUrls } from "../../../src/db/replicas/replica-urls.ts";
import { RequestReads } from "../../../src/db/replicas/request-reads.ts";

describe("positions", () => {
  test.for<[string, string, bigint, bigint]>([
    ["a standby that has replayed everything that it has received", "16/B374D848 12", 0x16b374d848n, 0x16b374d848n],
    ["a standby that may be replaying one more record", "0/10+ 12", 0x10n, 0x18n],
    ["the primary", "0/3000148* 12", 0x3000148n, 0x3000148n],
    ["the primary, whose next record begins behind the header of a page", "0/3002018* 12", 0x3002000n, 0x3002000n],
    ["the primary, whose next record begins in a new segment", "0/4000028* 12", 0x4000000n, 0x4000000n],
  ])("the position of %s has a lower and an upper bound", ([_, text, atLeast, atMost]) => {
    expect(readPosition(text)).toMatchObject({ atLeast, atMost, started: "12" });
  });

  test.each([0, 1, 2])("the row with the position is removed if it is row %i", (at) => {
    const rows: (string | null)[][] = [
      ["a", null],
      ["b", null],
    ];
    rows.splice(at, 0, [null, "0/10 1"]);
    expect(takePosition(rows)).toBe("0/10 1");
    expect(rows).toEqual([
      ["a", null],
      ["b", null],
    ]);
  });
});

describe("tokens", () => {
  const history = historyOf({ system: "7712835122268125227", timeline: 1 });

  test("a token is parsed to what was formatted, up to the last position of PostgreSQL", () => {
    for (const position of [0n, 1n, 0x16b374d848n, 2n ** 64n - 1n]) {
      expect(parseTokens(formatToken({ history, position }))).toEqual([{ history, position }]);
    }
  });

  test("tokens of two timelines of one cluster belong to different histories", () => {
    expect(historyOf({ system: "7712835122268125227", timeline: 2 })).not.toBe(history);
  });

  test.each(["", ",", "1.", "x", "1.AAAA", "1.AAAAAAAAAAAAAAAAAAB", "1.AAAAAAAAAAAAAAAAAAA=", "-1.AAAA", "1.ä"])(
    "the header %j is malformed",
    (text) => {
      expect(parseTokens(text)).toBeNull();
    },
  );
});

describe("the history of the primary", () => {
  test("an idle primary causes no lag, and a position between two samples has the time of the earlier one", () => {
    const history = new PrimaryHistory();
    history.add(100, 10n);
    history.add(200, 10n);
    expect(history.timeOf(10n)).toBe(200);
    history.add(300, 20n);
    history.add(400, 30n);
    expect([9n, 10n, 19n, 20n, 30n, 99n].map((position) => history.timeOf(position))).toEqual([
      null,
      200,
      200,
      300,
      400,
      400,
    ]);
  });
});

describe("DATABASE_REPLICA_URLS", () => {
  test.each([
    ["postgres://a/x postgres://b/x", ["postgres://a/x", "postgres://b/x"]],
    ["postgres://a/x,postgresql://b/x", ["postgres://a/x", "postgresql://b/x"]],
    ["postgres://a/x,\n  POSTGRES://b/x,\n", ["postgres://a/x", "POSTGRES://b/x"]],
    ["postgres://u:p,q@a/x, postgres://b/x", ["postgres://u:p,q@a/x", "postgres://b/x"]],
  ])("the setting %j contains several URLs", (setting, urls) => {
    expect(readReplicaUrls(setting)).toEqual({ urls, faults: [] });
  });

  test("a URL with two hosts is not split at its comma", () => {
    expect(readReplicaUrls("postgres://a,b/x postgres://c/x").urls).toEqual(["postgres://a,b/x", "postgres://c/x"]);
  });

  test("two URLs of the same servers and database are refused", () => {
    expect(readReplicaUrls("postgres://a/x postgres://b/x postgres://u:secret@a:5432/x").faults).toEqual([
      "DATABASE_REPLICA_URLS: URL 3 names the same servers and database as URL 1",
    ]);
  });

  test("the message about a wrong URL contains the number of the URL and not its text", () => {
    const { faults } = readReplicaUrls("postgres://a/x postgres://user:secret@b/x?nonsense=1");
    expect(faults).toEqual(["DATABASE_REPLICA_URLS: URL 2 has the parameter nonsense, which is not supported"]);
  });
});

test("a position of a primary that was not measured yet belongs to an unknown timeline", () => {
  const reads = new RequestReads({ tokens: [], historyName: "a", isMeasured: (started) => started === "1" });
  reads.notePrimary("0/10* 1");
  expect(reads.sawUnknownServer).toBe(false);
  reads.notePrimary("0/10* 2");
  reads.notePrimary("0/20* 1");
  expect(reads.sawUnknownServer).toBe(true);
});

/**
 * storm: every response must be right, as if there were no faults. isolation: 5xx are allowed, wrong and foreign rows are not;
 * the statement timeout is shorter than the locks and freezes. A third scenario, hostile-key, is in hostile-key.mjs.
 */
export const SCENARIOS = {
  storm: {
    clients: 40,
    aborting: 0,
    mayFail: false,
    mustSee: [200],
    environment: {},
    faults: [
      { kind: "kill", perMinute: 1000 },
      { kind: "freeze", perMinute: 10, ms: 3000 },
      { kind: "trap", perMinute: 500 },
    ],
  },
  isolation: {
    clients: 200,
    aborting: 0.3,
    mayFail: true,
    mustSee: [200, 504],
    environment: { STATEMENT_TIMEOUT_MS: "100" },
    faults: [
      { kind: "kill", perMinute: 300 },
      { kind: "freeze", perMinute: 120, ms: 200 },
      { kind: "lock", perMinute: 60, ms: 150 },
      { kind: "trap", perMinute: 300 },
    ],
  },
};

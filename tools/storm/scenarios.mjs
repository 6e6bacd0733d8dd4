/**
 * hostile-key: one key sends the requests that take the most memory, see hostile-key.mjs.
 * storm: nobody may notice anything. isolation: answers of 5xx are allowed, a wrong or a foreign row never is; statements
 * run into a timeout that is shorter than the locks and the freezes.
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

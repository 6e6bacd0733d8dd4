/**
 * storm: every response must be right, as if there were no faults. isolation: 5xx are allowed, but no wrong rows and no rows of
 * other users; the statement timeout is shorter than the locks and freezes. failover: like storm, while the primary is stopped,
 * killed or frozen and a standby is promoted. long-failover: 5xx are allowed for the 5 s without a primary. The scenarios
 * hostile-key and replicas are in separate files.
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
  failover: {
    clients: 20,
    aborting: 0,
    mayFail: false,
    mustSee: [200],
    environment: {},
    standbys: 1,
    faults: [{ kind: "failover", perMinute: 10, ms: 800 }],
  },
  "long-failover": {
    clients: 20,
    aborting: 0,
    mayFail: true,
    mustSee: [200, 503],
    environment: {},
    standbys: 1,
    faults: [{ kind: "failover", perMinute: 5, ms: 5000 }],
  },
};

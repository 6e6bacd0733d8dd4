/** Where Node keeps the agent of `fetch`, an `Agent` of undici. */
const AGENT = Symbol.for("undici.globalDispatcher.1");

interface FetchAgent {
  readonly constructor: new () => FetchAgent;
  /** Closes idle connections at once, and the others after their responses. */
  close(): Promise<void>;
}

/** Closes the connections that `fetch` keeps for later requests, because a server that stops waits half a second for those requests. */
export function closeIdleFetchConnections(): void {
  const agents = globalThis as { [AGENT]?: FetchAgent };
  const agent = agents[AGENT];
  if (agent === undefined) return;
  agents[AGENT] = new agent.constructor();
  agent.close();
}

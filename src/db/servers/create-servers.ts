import { lookup } from "node:dns/promises";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionSettings } from "../connection-url.ts";
import { isTemporaryOutage } from "../faults.ts";
import type { ServerChoice } from "../socket.ts";
import { chooseServers } from "./choose-servers.ts";
import { type AnswerOfServer, noSuitableServer } from "./no-suitable-server.ts";
import { isSocketDirectory, type ServerAddress } from "./server-list.ts";
import { createServerProbe, type ServerProbe } from "./server-probe.ts";
import { isExclusive, type SessionTarget, suits } from "./session-target.ts";

/** How often servers are asked while none suits. It is short, so that a promoted server soon gets connections. */
const SEARCH_INTERVAL_MS = 50;
/** How often servers are asked while connections are open, to close those to a server that became a standby or read-only. */
const CHECK_INTERVAL_MS = 1000;

interface ServersOptions {
  readonly target: SessionTarget;
  /** How long connections wait for a server that suits. Later ones fail at once until there is one. */
  readonly patienceMs: number;
}

export interface Servers extends ServerChoice {
  /** Whether no server suits at present or suited a moment ago, so that connections are missing. */
  hasOutage(): boolean;
}

/** The only server of a connection string, which needs no choice, or the choice among several. */
export function serversOf(settings: ConnectionSettings, options: ServersOptions): ServerAddress | Servers {
  const [first, ...others] = settings.servers;
  const isPlain = first !== undefined && others.length === 0 && options.target === "any";
  return isPlain ? first : createServers(settings, options);
}

/** Commands look for the primary of several servers, unless the connection string names another kind. */
export function targetOfCommands({ servers, target }: ConnectionSettings): SessionTarget {
  return servers.length > 1 && target === "any" ? "primary" : target;
}

/** Migrations and a stored rate limit write, so they need the primary even if a list prefers standbys for pages. */
export function targetOfWrites({ servers, target }: ConnectionSettings): SessionTarget {
  return servers.length > 1 && !isExclusive(target) ? "primary" : target;
}

/**
 * Finds the servers of a connection string that suit `target_session_attrs`, and closes connections to those that no longer do.
 * While there are no connections to watch, it asks no server and keeps no connection open.
 */
function createServers(settings: ConnectionSettings, { target, patienceMs }: ServersOptions): Servers {
  const probes = new Map<string, ServerProbe>();
  const sockets = new Map<net.Socket, string>();
  let suitable: readonly ServerProbe[] = [];
  let isCurrent = false;
  let wasFound = false;
  /** Servers that did not answer the last question. Until they do, no search waits for them. */
  const silent = new Set<ServerProbe>();
  let searching: Promise<void> | null = null;
  let searchingSince = 0;
  let waiting = 0;
  let outageSince: number | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  let refusals: { readonly since: number; readonly last: AnswerOfServer } | null = null;
  let timer: NodeJS.Timeout | undefined;

  async function check(): Promise<void> {
    isCurrent = true;
    const asked = (await resolveNames(settings.servers)).map(probeOf);
    const verdicts = await chooseServers(asked, target, (probe) => !silent.has(probe));
    for (const probe of asked) if (!verdicts.answers.has(probe)) waitForAnswer(probe);
    suitable = verdicts.suitable;
    const leave = new Set(verdicts.abandoned.map(({ server }) => keyOf(server)));
    for (const [socket, key] of sockets) if (leave.has(key)) socket.destroy();
    for (const [key, probe] of probes) if (!asked.includes(probe)) forget(key, probe);
    if (suitable.length === 0) {
      const answers = [...verdicts.answers].map(([{ server }, answer]): AnswerOfServer => [server, answer]);
      throw noSuitableServer(target, answers);
    }
    outageSince = null;
    wasFound = true;
  }

  function waitForAnswer(probe: ServerProbe): void {
    silent.add(probe);
    void probe.ask().then((answer) => {
      if (!("error" in answer)) silent.delete(probe);
    });
  }

  function forget(key: string, probe: ServerProbe): void {
    probe.close();
    probes.delete(key);
    silent.delete(probe);
  }

  async function search(): Promise<void> {
    for (;;) {
      const startedAt = performance.now();
      try {
        await check();
        return;
      } catch (error) {
        isCurrent = false;
        outageSince ??= startedAt;
        failedAt = performance.now();
        // A lasting error, such as a wrong password, is reported at once, but only if no server has suited yet.
        if (failedAt - outageSince > patienceMs || !(wasFound || isTemporaryOutage(error))) throw error;
        await delay(SEARCH_INTERVAL_MS);
      }
    }
  }

  function probeOf(server: ServerAddress): ServerProbe {
    const key = keyOf(server);
    const probe = probes.get(key) ?? createServerProbe(server, settings);
    probes.set(key, probe);
    return probe;
  }

  const startSearch = () => {
    if (searching === null) searchingSince = performance.now();
    searching ??= search().finally(() => {
      searching = null;
      stopIfUnused();
    });
    return searching;
  };

  async function waitForSearch(): Promise<void> {
    waiting += 1;
    try {
      await startSearch();
    } finally {
      waiting -= 1;
    }
  }

  /** Stops asking, unless connections are open or wait for a search: a waiting one calls `connected` or `refused` later. */
  function stopIfUnused(): void {
    if (sockets.size > 0 || searching !== null || (waiting > 0 && suitable.length > 0)) return;
    clearInterval(timer);
    timer = undefined;
    isCurrent = false;
    for (const [key, probe] of probes) forget(key, probe);
  }

  return {
    async find() {
      if (refusals !== null && performance.now() - refusals.since > patienceMs) {
        const { last } = refusals;
        refusals = null;
        throw noSuitableServer(target, [last]);
      }
      if (!isCurrent || searching !== null) await waitForSearch();
      const index = settings.isBalanced ? Math.floor(Math.random() * suitable.length) : 0;
      const chosen = suitable[index];
      if (chosen === undefined) throw noSuitableServer(target, []);
      return chosen.server;
    },
    accepts: (state) =>
      suits(target, {
        isStandby: state.isStandby ?? target === "standby",
        isReadOnly: state.isReadOnly ?? target === "read-only",
      }),
    connected(server, socket) {
      refusals = null;
      sockets.set(socket, keyOf(server));
      if (target !== "any") timer ??= setInterval(() => void startSearch().catch(() => {}), CHECK_INTERVAL_MS).unref();
      socket.once("close", () => {
        sockets.delete(socket);
        isCurrent = false;
        stopIfUnused();
      });
    },
    refused(server, error) {
      isCurrent = false;
      refusals = { since: refusals?.since ?? performance.now(), last: [server, { error }] };
      stopIfUnused();
    },
    hasOutage() {
      const isLong = searching !== null && performance.now() - searchingSince > SEARCH_INTERVAL_MS;
      return isLong || performance.now() - failedAt < CHECK_INTERVAL_MS;
    },
  };
}

const keyOf = ({ host, address, port }: ServerAddress) => `${host} ${address} ${port}`;

/** Replaces each name by all its addresses, because each of them may be another server. */
async function resolveNames(servers: readonly ServerAddress[]): Promise<ServerAddress[]> {
  const resolved = servers.map(async (server) => {
    if (server.address !== null || net.isIP(server.host) !== 0 || isSocketDirectory(server.host)) return [server];
    // The connection attempt resolves an unknown name again, and its error contains the name.
    const found = await lookup(server.host, { all: true }).catch(() => []);
    return found.length === 0 ? [server] : found.map(({ address }) => ({ ...server, address }));
  });
  return (await Promise.all(resolved)).flat();
}

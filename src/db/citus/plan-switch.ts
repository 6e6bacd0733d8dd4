import type net from "node:net";
import type postgres from "postgres";

type ParsedOptions = Pick<postgres.ParsedOptions, "host" | "port" | "path" | "connection">;
type SocketFactory = (options: ParsedOptions) => Promise<net.Socket>;

/**
 * Generic plans are forced for pages, but Citus can plan most statements only with their values. PostgreSQL reads the setting
 * when a connection starts, so the switch closes the connections that have the old setting.
 */
export function createPlanSwitch() {
  const sockets = new Set<net.Socket>();
  let plansWithValues = false;
  return {
    wrap:
      (createSocket: SocketFactory): SocketFactory =>
      async (options) => {
        // postgres.js sends these settings after it has received the socket.
        if (plansWithValues) Object.assign(options.connection, { plan_cache_mode: "auto" });
        const socket = await createSocket(options);
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
        return socket;
      },
    /** Statements that run meanwhile are retried as after a lost connection. */
    planWithValues(): void {
      if (plansWithValues) return;
      plansWithValues = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

export type PlanSwitch = ReturnType<typeof createPlanSwitch>;

import type postgres from "postgres";
import type { ConnectionSettings } from "./connection-url.ts";
import { DEFAULT_PORT, isSocketDirectory, type ServerAddress, socketPath } from "./servers/server-list.ts";
import { type SocketOptions, socketFactory } from "./socket.ts";

/** The address, user and TLS options for postgres.js. */
export function driverOptions(settings: ConnectionSettings, options: SocketOptions) {
  const { user, password, database } = settings;
  const login: postgres.Options<Record<string, never>> = {
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    // Our own socket factory does the TLS handshake.
    ssl: false,
  };
  return { ...login, ...addressOf(settings.servers[0]), socket: socketFactory(options) };
}

/** The address that the driver names in its messages. Without one it reads PGHOST and PGPORT. */
function addressOf(server: ServerAddress | undefined): object {
  if (server === undefined) return {};
  const { host, port, isDefault } = server;
  if (isDefault) return port === DEFAULT_PORT ? {} : { port };
  if (isSocketDirectory(host)) return { path: socketPath(server) };
  // Arrays, because postgres.js splits a string at its colons and so breaks an IPv6 address. Its types lack the arrays.
  return { host: [host], port: [port] };
}

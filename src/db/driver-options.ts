import type postgres from "postgres";
import type { ConnectionSettings } from "./connection-url.ts";
import { socketFactory } from "./socket.ts";

const DEFAULT_PORT = 5432;

interface SocketTimes {
  /** Null for no limit. */
  readonly silenceMs: number | null;
  /** The limit for the TCP connect and the TLS handshake together. */
  readonly timeoutMs: number;
}

/** The address, user and TLS options for postgres.js. */
export function driverOptions(settings: ConnectionSettings, { silenceMs, timeoutMs }: SocketTimes) {
  const { host, port, socketDirectory, user, password, database, tls } = settings;
  const options: postgres.Options<Record<string, never>> = {
    ...(socketDirectory === null ? {} : { path: `${socketDirectory}/.s.PGSQL.${port ?? DEFAULT_PORT}` }),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    // Our own socket factory does the TLS handshake.
    ssl: false,
  };
  // An array, because postgres.js splits a string at its colons and so breaks an IPv6 address. Its types lack the array.
  const address: object =
    host === null ? (port === null ? {} : { port }) : { host: [host], port: [port ?? DEFAULT_PORT] };
  return {
    ...options,
    ...address,
    socket: socketFactory({ silenceMs, tls: tls === null ? null : { ...tls, timeoutMs } }),
  };
}

import type postgres from "postgres";
import type { ConnectionSettings } from "./connection-url.ts";
import { socketFactory } from "./socket.ts";

const DEFAULT_PORT = 5432;

interface SocketTimes {
  /** Null for statements that may take as long as they like. */
  readonly silenceMs: number | null;
  /** Of TCP and TLS together. */
  readonly timeoutMs: number;
}

/** Where to connect and as whom, for postgres.js. */
export function driverOptions(settings: ConnectionSettings, { silenceMs, timeoutMs }: SocketTimes) {
  const { host, port, socketDirectory, user, password, database, tls } = settings;
  const options: postgres.Options<Record<string, never>> = {
    ...(socketDirectory === null ? {} : { path: `${socketDirectory}/.s.PGSQL.${port ?? DEFAULT_PORT}` }),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    // The sockets do TLS themselves.
    ssl: false,
  };
  // Arrays, which the driver's types do not know: it would split an IPv6 address at its colons.
  const address: object =
    host === null ? (port === null ? {} : { port }) : { host: [host], port: [port ?? DEFAULT_PORT] };
  return {
    ...options,
    ...address,
    socket: socketFactory({ silenceMs, tls: tls === null ? null : { ...tls, timeoutMs } }),
  };
}

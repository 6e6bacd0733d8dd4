import net from "node:net";
import { pluralize } from "../../values/pluralize.ts";
import { readTls, type TlsSettings } from "../tls.ts";

export const DEFAULT_PORT = 5432;

/** One server of a connection string. */
export interface ServerAddress {
  /** A host name, an IP address, or the directory of a Unix socket, which starts with a slash. TLS checks this name. */
  readonly host: string;
  readonly port: number;
  /** The IP address to connect to, so that the host name is not resolved (`hostaddr`). */
  readonly address: string | null;
  /** The connection string names no host, so the driver takes PGHOST and PGPORT, or else this host and port. */
  readonly isDefault: boolean;
  readonly tls: TlsSettings | null;
}

interface ListOptions {
  /** The hosts and ports of the part before the path, each separated by commas. */
  readonly hosts: string;
  readonly ports: string;
  /** Returns the value of a parameter of the URL. */
  readonly given: (name: string) => string | undefined;
}

/**
 * Reads the servers of a connection string as libpq does: a parameter replaces the part before the path, a single port belongs to
 * every host, and an empty element is the default.
 */
export function readServers({ hosts, ports, given }: ListOptions, faults: string[]): ServerAddress[] {
  const addresses = given("hostaddr")?.split(",");
  const names = (given("host") ?? (hosts || (addresses?.join(",") ?? ""))).split(",");
  const numbers = (given("port") ?? ports).split(",");
  if (numbers.length !== 1 && numbers.length !== names.length)
    faults.push(
      `has ${pluralize(numbers.length, "value")} in port for ${pluralize(names.length, "host")}: give one for each, or one for all`,
    );
  if (addresses !== undefined && addresses.length !== names.length)
    faults.push(
      `has ${pluralize(addresses.length, "value")} in hostaddr for ${pluralize(names.length, "host")}: give one for each`,
    );
  if (addresses?.some((address) => address !== "" && net.isIP(address) === 0))
    faults.push("has a value in hostaddr that is not an IP address");
  faults.push(...portFaults(numbers));
  return names.map((name, index) => {
    const address = addresses?.[index] || null;
    const host = name || address || "localhost";
    return {
      host,
      port: Number((numbers.length === 1 ? numbers[0] : numbers[index]) || DEFAULT_PORT),
      address,
      isDefault: names.length === 1 && !name && address === null,
      tls: faults.length > 0 || isSocketDirectory(host) ? null : readTls(given, host, faults),
    };
  });
}

function portFaults(ports: readonly string[]): string[] {
  if (!ports.every((port) => /^\d*$/.test(port))) return ["has a port that is not a number, such as 5432"];
  const areInRange = ports.every((port) => port === "" || (Number(port) >= 1 && Number(port) <= 65_535));
  return areInRange ? [] : ["has a port outside 1 to 65535"];
}

export function isSocketDirectory(host: string): boolean {
  return host.startsWith("/");
}

/** The path of the Unix socket in a directory. */
export function socketPath({ host, port }: Pick<ServerAddress, "host" | "port">): string {
  return `${host}/.s.PGSQL.${port}`;
}

/** The server in messages, such as `db.example.com:5432`, `[::1]:5432` or `/var/run/postgresql`. */
export function describeServer({ host, port }: ServerAddress): string {
  if (isSocketDirectory(host)) return host;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

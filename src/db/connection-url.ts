import { readStartupOptions } from "./startup-options.ts";
import { readTls, TLS_MODES, type TlsSettings, tlsModeOf } from "./tls.ts";

const URL_PARTS =
  /^postgres(?:ql)?:\/\/(?:([^/?]*)@)?(\[[^\]/?]*\]|[^/?@:[\]]*)(?::(\d*))?(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/i;

/** The settings in DATABASE_URL. The driver fills in null and undefined ones from PGHOST, PGUSER and so on. */
export interface ConnectionSettings {
  readonly host: string | null;
  readonly port: number | null;
  /** The directory of a Unix socket, used instead of the host. */
  readonly socketDirectory: string | null;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly tls: TlsSettings | null;
  readonly preparedStatements: boolean;
  readonly applicationName: string | undefined;
  readonly options: string | undefined;
}

interface ReadUrl {
  readonly settings: ConnectionSettings;
  /** Names of parameters that have no effect here. */
  readonly ignored: readonly string[];
  /** Messages that follow the words "DATABASE_URL". They never contain a value, because the value may be a password. */
  readonly faults: readonly string[];
}

const HONOURED = new Set(
  (
    "host port user password dbname sslmode ssl sslrootcert sslcert sslkey sslpassword sslnegotiation sslaccept requiressl " +
    "pgbouncer statement_cache_size schema application_name fallback_application_name options"
  ).split(" "),
);

/** Session settings that this server sets itself, or that would change the format of its responses. */
const SESSION_SETTINGS = new Set(
  (
    "timezone datestyle intervalstyle search_path plan_cache_mode statement_timeout lock_timeout client_encoding " +
    "idle_in_transaction_session_timeout transaction_timeout default_transaction_read_only default_transaction_isolation " +
    "standard_conforming_strings bytea_output extra_float_digits"
  ).split(" "),
);

/** Parameters of libpq, Prisma, node-postgres and Vercel that this server replaces by its own limits or that postgres.js does not support. */
const WITHOUT_EFFECT = new Set(
  (
    "keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout gssencmode krbsrvname gsslib " +
    "gssdelegation sslcompression sslsni sslcertmode channel_binding target_session_attrs load_balance_hosts connect_timeout " +
    "min_protocol_version max_protocol_version connection_limit pool_timeout socket_timeout max_connection_lifetime " +
    "max_idle_connection_lifetime uselibpqcompat supa workaround"
  ).split(" "),
);

export function readConnectionUrl(url: string): ReadUrl {
  const [matched, userInfo, host = "", port = "", database = "", query = ""] = URL_PARTS.exec(url.trim()) ?? [];
  const parameters = new Map(query.split("&").filter(Boolean).map(readParameter));
  const faults = matched === undefined ? [faultOfForm(url)] : faultsOf(parameters, host, port);
  const given = (name: string) => parameters.get(name) || undefined;
  const [user, ...password] = (userInfo ?? "").split(":");
  const options = readStartupOptions(given("options"), SESSION_SETTINGS);
  faults.push(...options.faults);
  const hostName = given("host") ?? (decode(host.replace(/^\[(.*)\]$/, "$1")) || null);
  const isSocket = hostName?.startsWith("/") === true;
  const ignored = [...parameters.keys()].filter((name) => WITHOUT_EFFECT.has(name) || SESSION_SETTINGS.has(name));
  return {
    settings: {
      host: isSocket ? null : hostName,
      port: Number(given("port") || port) || null,
      socketDirectory: isSocket ? hostName : null,
      user: given("user") ?? (decode(user ?? "") || undefined),
      password: given("password") ?? (decode(password.join(":")) || undefined),
      database: given("dbname") ?? (decode(database) || undefined),
      tls: faults.length > 0 || isSocket ? null : readTls(given, hostName ?? "localhost", faults),
      preparedStatements: given("pgbouncer") !== "true" && given("statement_cache_size") !== "0",
      applicationName: given("application_name") ?? given("fallback_application_name"),
      options: options.kept,
    },
    ignored: [...ignored, ...options.ignored],
    faults,
  };
}

function readParameter(pair: string): [string, string] {
  const at = pair.indexOf("=");
  const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  return [decode(name).toLowerCase(), decode(value)];
}

/** Keeps a `%` that begins no valid escape, because passwords often contain an unescaped `%`. */
function decode(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

function faultOfForm(url: string): string {
  if (!/^postgres(ql)?:\/\//i.test(url.trim())) return "must be a URL that starts with postgres:// or postgresql://";
  if (/^\w+:\/\/([^/?#]*@)?[^/?#@]*,/.test(url)) return "must name one host";
  return "is not a URL of the form postgres://user:password@host:port/database, with / ? # and % of a password percent-encoded";
}

function faultsOf(parameters: ReadonlyMap<string, string>, host: string, port: string): string[] {
  const faults = [...parameters.keys()]
    .filter((name) => !HONOURED.has(name) && !SESSION_SETTINGS.has(name) && !WITHOUT_EFFECT.has(name))
    .map((name) =>
      /^\w{1,40}$/.test(name)
        ? `has the parameter ${name}, which is not supported`
        : "has a parameter whose name PostgreSQL does not know",
    );
  const value = (name: string) => parameters.get(name) || undefined;
  if ((value("host") ?? host).includes(",")) faults.push("must name one host");
  if (value("gssencmode") === "require") faults.push("has gssencmode=require, which is not supported");
  if ((value("schema") ?? "public") !== "public")
    faults.push("has a schema parameter other than public, but the tables are in the schema public");
  if (!/^\d*$/.test(value("port") ?? "")) faults.push("has a port that is not a number, such as 5432");
  else if (!isPort(value("port") || port)) faults.push("has a port outside 1 to 65535");
  if (!(TLS_MODES as readonly string[]).includes(tlsModeOf(value) ?? "prefer"))
    faults.push(`has an unknown sslmode: use one of ${TLS_MODES.join(", ")}`);
  return faults;
}

/** An empty text is the default port. */
function isPort(port: string): boolean {
  return port === "" || (Number(port) >= 1 && Number(port) <= 65_535);
}

/** The address of the database for messages, without the password. */
export function describeDatabase(url: string): string {
  const { host, port, socketDirectory, database } = readConnectionUrl(url).settings;
  const name = host ?? "localhost";
  const address = name.includes(":") ? `[${name}]` : name;
  return `PostgreSQL at ${socketDirectory ?? `${address}:${port ?? 5432}`}/${database ?? ""}`;
}

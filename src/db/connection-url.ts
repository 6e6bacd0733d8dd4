import { describeServer, readServers, type ServerAddress } from "./servers/server-list.ts";
import { SESSION_TARGETS, type SessionTarget } from "./servers/session-target.ts";
import { readStartupOptions } from "./startup-options.ts";
import { TLS_MODES, tlsModeOf } from "./tls.ts";

const HOST_AND_PORT = String.raw`(?:\[[^\]/?]*\]|[^/?@:,[\]]*)(?::\d*)?`;
const URL_PARTS = new RegExp(
  String.raw`^postgres(?:ql)?://(?:([^/?]*)@)?(${HOST_AND_PORT}(?:,${HOST_AND_PORT})*)(?:/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$`,
  "i",
);

/** The settings in DATABASE_URL. The driver fills in undefined ones from PGUSER, PGPASSWORD and PGDATABASE. */
export interface ConnectionSettings {
  /** At least one server, in the order in which they are tried. */
  readonly servers: readonly ServerAddress[];
  readonly target: SessionTarget;
  /** Whether each connection goes to a random server of those that suit (`load_balance_hosts=random`). */
  readonly isBalanced: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
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
    "host hostaddr port target_session_attrs load_balance_hosts user password dbname sslmode ssl sslrootcert sslcert sslkey sslpassword sslnegotiation sslaccept requiressl " +
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
    "gssdelegation sslcompression sslsni sslcertmode channel_binding connect_timeout min_protocol_version max_protocol_version connection_limit pool_timeout socket_timeout max_connection_lifetime " +
    "max_idle_connection_lifetime uselibpqcompat supa workaround"
  ).split(" "),
);

export function readConnectionUrl(url: string): ReadUrl {
  const [matched, userInfo, authority = "", database = "", query = ""] = URL_PARTS.exec(url.trim()) ?? [];
  const parameters = new Map(query.split("&").filter(Boolean).map(readParameter));
  const faults = matched === undefined ? [faultOfForm(url)] : faultsOf(parameters);
  const given = (name: string) => parameters.get(name) || undefined;
  const [user, ...password] = (userInfo ?? "").split(":");
  const options = readStartupOptions(given("options"), SESSION_SETTINGS);
  faults.push(...options.faults);
  if (/@|:\/\//.test(database)) faults.push(AFTER_HOST);
  const servers = readServers({ ...readAuthority(authority), given }, faults);
  const ignored = [...parameters.keys()].filter((name) => WITHOUT_EFFECT.has(name) || SESSION_SETTINGS.has(name));
  return {
    settings: {
      servers,
      target: (given("target_session_attrs") ?? "any") as SessionTarget,
      isBalanced: given("load_balance_hosts") === "random",
      user: given("user") ?? (decode(user ?? "") || undefined),
      password: given("password") ?? (decode(password.join(":")) || undefined),
      database: given("dbname") ?? (decode(database) || undefined),
      preparedStatements: given("pgbouncer") !== "true" && given("statement_cache_size") !== "0",
      applicationName: given("application_name") ?? given("fallback_application_name"),
      options: options.kept,
    },
    ignored: [...ignored, ...options.ignored],
    faults: [...new Set(faults)],
  };
}

/** Separates `a:1,[::1],c:3` into the hosts `a,::1,c` and the ports `1,,3`. */
function readAuthority(authority: string) {
  const pairs = authority.split(",").map((pair) => /^(?:\[(.*)\]|(.*?))(?::(\d*))?$/.exec(pair) ?? []);
  return {
    hosts: pairs.map(([, bracketed, plain = ""]) => decode(bracketed ?? plain)).join(","),
    ports: pairs.every(([, , , port]) => !port) ? "" : pairs.map(([, , , port = ""]) => port).join(","),
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

/** The name of the database is logged, so it must not contain the rest of a password or another URL. */
const AFTER_HOST =
  "has an @ or another URL behind its first /: give one URL, with / ? # and % of a password and @ of a database name percent-encoded";

function faultOfForm(url: string): string {
  if (!/^postgres(ql)?:\/\//i.test(url.trim())) return "must be a URL that starts with postgres:// or postgresql://";
  return "is not a URL of the form postgres://user:password@host:port/database, with / ? # and % of a password percent-encoded";
}

function faultsOf(parameters: ReadonlyMap<string, string>): string[] {
  const faults = [...parameters.keys()]
    .filter((name) => !HONOURED.has(name) && !SESSION_SETTINGS.has(name) && !WITHOUT_EFFECT.has(name))
    .map((name) =>
      /^\w{1,40}$/.test(name)
        ? `has the parameter ${name}, which is not supported`
        : "has a parameter whose name PostgreSQL does not know",
    );
  const value = (name: string) => parameters.get(name) || undefined;
  const check = (name: string, words: readonly string[], given = value(name)) => {
    if (given !== undefined && !words.includes(given))
      faults.push(`has an unknown ${name}: use one of ${words.join(", ")}`);
  };
  if (value("gssencmode") === "require") faults.push("has gssencmode=require, which is not supported");
  if ((value("schema") ?? "public") !== "public")
    faults.push("has a schema parameter other than public, but the tables are in the schema public");
  check("sslmode", TLS_MODES, tlsModeOf(value));
  check("target_session_attrs", SESSION_TARGETS);
  check("load_balance_hosts", ["disable", "random"]);
  return faults;
}

/** The servers and the name of the database for messages, without the password. */
export function describeDatabase(url: string): string {
  const { servers, database } = readConnectionUrl(url).settings;
  return `PostgreSQL at ${servers.map(describeServer).join(",")}/${database ?? ""}`;
}

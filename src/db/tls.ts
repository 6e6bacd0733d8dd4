import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import { readFileOfSetting, UnusableFile } from "../values/environment.ts";

export const TLS_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"] as const;

export interface TlsSettings {
  readonly mode: Exclude<(typeof TLS_MODES)[number], "disable" | "allow">;
  /** Whether the TLS handshake starts at once, without an SSLRequest message (`sslnegotiation=direct`). */
  readonly isDirect: boolean;
  /** PEM texts. Without `ca`, the certificate authorities of Node.js are trusted. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

const UNCHECKED: readonly TlsSettings["mode"][] = ["prefer", "require", "no-verify"];

/**
 * Does the TLS handshake as the driver does, but before the driver receives the socket. The driver would wrap the socket in
 * one that is not accessible, and then `watchForSilence` could not observe it.
 */
export async function secure(
  socket: net.Socket,
  { host, timeoutMs, mode, isDirect, ...identity }: TlsSettings & { host: string; timeoutMs: number },
): Promise<net.Socket> {
  const signal = AbortSignal.timeout(timeoutMs);
  if (!isDirect && !(await acceptsTls(socket, signal))) {
    if (mode === "prefer") return socket;
    throw new Error(
      "the database server does not support TLS: enable it there, or set sslmode=disable in DATABASE_URL",
    );
  }
  const secured = tls.connect({
    socket,
    host,
    ...(net.isIP(host) ? {} : { servername: host }),
    ...(isDirect ? { ALPNProtocols: ["postgresql"] } : {}),
    ...identity,
    rejectUnauthorized: !UNCHECKED.includes(mode),
    ...(mode === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
  });
  await once(secured, "secureConnect", { signal });
  return secured;
}

async function acceptsTls(socket: net.Socket, signal: AbortSignal): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const [answer] = (await once(socket, "data", { signal })) as [Buffer];
  // More than one byte before the TLS handshake means that a third party injected data (CVE-2021-23222).
  return answer.length === 1 && answer[0] === "S".charCodeAt(0);
}

/** Returns the value of a parameter of the URL. */
type Given = (name: string) => string | undefined;

/** node-postgres and JDBC spell `sslmode` as `ssl`, and Prisma as `sslaccept`. */
export function tlsModeOf(given: Given): string | undefined {
  const mode = given("sslmode") ?? (given("sslrootcert") === "system" ? "verify-full" : sslWord(given("ssl")));
  if (given("sslaccept") === "strict" && mode !== "disable") return "verify-full";
  return mode ?? (given("requiressl") === "1" ? "require" : undefined);
}

function sslWord(ssl: string | undefined): string | undefined {
  if (ssl === "true" || ssl === "1") return "require";
  return ssl === "false" || ssl === "0" ? "disable" : ssl;
}

/** Follows libpq: the default is `prefer`, and `require` with a root certificate checks the certificate. A loopback connection is not encrypted by default. */
export function readTls(given: Given, host: string, faults: string[]): TlsSettings | null {
  const mode = tlsModeOf(given) ?? (LOOPBACK.test(host) ? "disable" : "prefer");
  if (mode === "disable") return null;
  const rootCert = given("sslrootcert");
  if (rootCert === "system" && mode !== "verify-full") faults.push("needs sslmode=verify-full with sslrootcert=system");
  const file = (name: string) => readFile(name, given(name), faults);
  const texts = {
    ca: rootCert === "system" ? undefined : file("sslrootcert"),
    cert: file("sslcert"),
    key: file("sslkey"),
  };
  faults.push(...faultsOfTexts(texts, given("sslpassword")));
  const isChecked = mode === "require" && texts.ca !== undefined;
  return {
    mode: isChecked ? "verify-ca" : mode === "allow" ? "prefer" : (mode as TlsSettings["mode"]),
    isDirect: given("sslnegotiation") === "direct",
    ...(texts.ca && { ca: texts.ca }),
    ...(texts.cert && { cert: texts.cert }),
    ...(texts.key && { key: texts.key }),
    ...(given("sslpassword") && { passphrase: given("sslpassword") ?? "" }),
  };
}

/** Without this check, Node.js would trust its own authorities instead of those of an empty file. */
function faultsOfTexts(
  { ca, cert, key }: { ca: string | undefined; cert: string | undefined; key: string | undefined },
  passphrase: string | undefined,
): string[] {
  const faults: string[] = [];
  if (ca !== undefined && !succeeds(() => new X509Certificate(ca)))
    faults.push("names a file in sslrootcert that has no certificate in PEM");
  const isGiven = cert !== undefined || key !== undefined;
  if (isGiven && !succeeds(() => tls.createSecureContext({ cert, key, passphrase })))
    faults.push("names files in sslcert and sslkey that are not a certificate in PEM and its key");
  return faults;
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

function readFile(name: string, path: string | undefined, faults: string[]): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileOfSetting(path).toString();
  } catch (error) {
    if (!(error instanceof UnusableFile)) throw error;
    faults.push(`names a path in ${name} that ${error.message}`);
    return undefined;
  }
}

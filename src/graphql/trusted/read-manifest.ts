import { hash } from "node:crypto";
import { readFileOfSetting, UnusableFile } from "../../values/environment.ts";

export interface TrustedDocumentsConfig {
  /** The path of the manifest. */
  readonly file: string;
  /** Whether no other document is executed. */
  readonly required: boolean;
}

export interface ManifestDocument {
  readonly id: string;
  readonly text: string;
}

export interface Manifest {
  readonly documents: readonly ManifestDocument[];
  readonly faults: readonly string[];
}

const MAX_FAULTS = 20;

/** The characters of a document identifier of GraphQL over HTTP, appendix A. */
const ID = /^[\w.:~-]{1,256}$/;
const SHA256 = /^(?:sha256:)?([0-9a-f]{64})$/;
const APOLLO_FORMAT = "apollo-persisted-query-manifest";

/** A manifest that stops the start. The message names each document that is wrong, and the reason. */
export class TrustedDocumentsError extends Error {
  constructor(faults: readonly string[]) {
    const more = faults.length - MAX_FAULTS;
    const lines = [...faults.slice(0, MAX_FAULTS), ...(more > 0 ? [`and ${more} more`] : [])];
    super(`The manifest of TRUSTED_DOCUMENTS cannot be used:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }
}

/** Returns the SHA-256 of an id without its prefix `sha256:`, and any other id unchanged. */
export function plainId(id: string): string {
  return SHA256.exec(id)?.[1] ?? id;
}

/** Reads the manifest of graphql-codegen's client preset (which is also that of Relay's compiler), or of Apollo. */
export function readManifest(path: string): Manifest {
  const text = readText(path);
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw new TrustedDocumentsError([`${path} is not JSON`]);
  }
  if (typeof manifest !== "object" || manifest === null || Array.isArray(manifest))
    throw new TrustedDocumentsError([`${path} must contain an object with a document for each id`]);
  const { entries, faults } =
    "operations" in manifest && Array.isArray(manifest.operations)
      ? apolloEntries(manifest, manifest.operations)
      : textEntries(manifest, text);
  if (entries.length === 0 && faults.length === 0) throw new TrustedDocumentsError([`${path} contains no document`]);
  return checkEntries(entries, faults);
}

function readText(path: string): string {
  try {
    // Removes a byte order mark, which JSON.parse refuses.
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileOfSetting(path));
  } catch (error) {
    const fault = error instanceof UnusableFile ? error.message : "is not encoded in UTF-8";
    throw new TrustedDocumentsError([`${path} ${fault}`]);
  }
}

type Entries = readonly (readonly [id: unknown, text: unknown])[];

function apolloEntries(manifest: object, operations: readonly unknown[]): { entries: Entries; faults: string[] } {
  const { format, version } = manifest as { format?: unknown; version?: unknown };
  const faults =
    format === APOLLO_FORMAT && version === 1
      ? []
      : [`a manifest with a list of operations must have the format "${APOLLO_FORMAT}" and the version 1`];
  const entries = operations.map((operation) => {
    const { id, body } = (operation ?? {}) as { id?: unknown; body?: unknown };
    return [id, body] as const;
  });
  return { entries, faults };
}

function textEntries(manifest: object, json: string): { entries: Entries; faults: string[] } {
  const entries = Object.entries(manifest);
  return { entries, faults: entries.every(([, text]) => typeof text === "string") ? repeatedKeys(json) : [] };
}

/** JSON.parse keeps only the last of several equal keys. In a flat object of texts, each text before a colon is a key. */
function repeatedKeys(json: string): string[] {
  const seen = new Set<unknown>();
  const faults: string[] = [];
  for (const [, text = "", colon] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)/g)) {
    if (colon === "") continue;
    const key: unknown = JSON.parse(text);
    if (seen.has(key)) faults.push(`document ${describeId(key)}: the id appears more than once`);
    seen.add(key);
  }
  return faults;
}

function checkEntries(entries: Entries, faults: readonly string[]): Manifest {
  const documents: ManifestDocument[] = [];
  const found = [...faults];
  const seen = new Set<string>();
  for (const [id, text] of entries) {
    const fault = faultOf(id, text) ?? (seen.has(plainId(String(id))) ? "the id appears more than once" : null);
    if (fault === null) documents.push({ id: plainId(String(id)), text: String(text) });
    else found.push(`document ${describeId(id)}: ${fault}`);
    seen.add(plainId(String(id)));
  }
  return { documents, faults: found };
}

function faultOf(id: unknown, text: unknown): string | null {
  if (typeof id !== "string" || !ID.test(id))
    return "the id must be 1 to 256 letters, digits and characters of the list - . _ ~ :";
  const expected = SHA256.exec(id)?.[1];
  if (expected === undefined && /^sha256:/i.test(id))
    return "the id must have 64 lower-case hexadecimal digits after sha256:";
  if (typeof text !== "string" || text.trim() === "") return "it must be the text of a GraphQL document";
  if (expected !== undefined && hash("sha256", text) !== expected) return "the id is not the SHA-256 of the text";
  return null;
}

function describeId(id: unknown): string {
  return typeof id === "string" && ID.test(id) ? id : "with an invalid id";
}

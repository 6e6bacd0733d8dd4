import { ImportError, UnknownColumnsError } from "../import-error.ts";
import { shownName } from "../message-text.ts";
import { type ColumnMap, createMappedFormat } from "./map-option.ts";
import { OWN_FORMAT, recognizeFormat } from "./recognize-format.ts";
import type { ResultFormat, State } from "./result-format.ts";
import { VERIFIERS } from "./verifiers/verifiers.ts";

/** The options with which the user describes the columns of the file. */
export interface FormatOptions {
  /** A name of FORMAT_NAMES. If undefined, the columns decide the format. */
  readonly verifier?: string | undefined;
  readonly map?: ColumnMap | undefined;
  readonly statusWords?: ReadonlyMap<string, State> | undefined;
}

/** The values of `--format` besides `csv` and `ndjson`. */
export const FORMAT_NAMES: readonly string[] = [OWN_FORMAT, ...VERIFIERS.map(({ name }) => name)];

export interface ChosenFormat {
  /** Null is our own format. */
  readonly format: ResultFormat | null;
  readonly because: "its columns" | "--format" | "--map";
}

interface FoundColumns {
  readonly fileName: string;
  /** The line of the header, or null in JSON. */
  readonly line: number | null;
  readonly names: readonly string[];
}

/** Throws if the columns belong to no known format or to several. */
export function chooseFormat({ verifier, map }: FormatOptions, { fileName, line, names }: FoundColumns): ChosenFormat {
  if (verifier !== undefined) {
    return { format: VERIFIERS.find(({ name }) => name === verifier) ?? null, because: "--format" };
  }
  const recognized = recognizeFormat(names);
  // A map without the status only corrects a format, for instance which of two columns has the address.
  const isCorrection = recognized.kind === "verifier" && map?.has("status") === false;
  if (map !== undefined && map.size > 0 && !isCorrection) return { format: createMappedFormat(), because: "--map" };
  if (recognized.kind === "own") return { format: null, because: "its columns" };
  if (recognized.kind === "verifier") return { format: recognized.format, because: "its columns" };
  if (recognized.kind === "ambiguous") {
    const options = recognized.names.map((name) => `--format ${name}`).join(" or ");
    const reason = `the columns fit several formats, so that the file may be read in two ways: choose with ${options}`;
    throw new ImportError({ fileName, line, reason });
  }
  throw new UnknownColumnsError({ fileName, line, names: names.map(shownName) });
}

import { ImportError } from "../import-error.ts";
import { shownName } from "../message-text.ts";
import type { SourceField } from "./convert-result.ts";
import type { ColumnMap } from "./map-option.ts";
import { FIELDS, normalizeName, type ResultFormat } from "./result-format.ts";

export interface HeaderColumns {
  readonly fileName: string;
  readonly line: number;
  readonly names: readonly string[];
  /** Rows from the start of the file, from which the column of addresses is found if its name is not known. */
  readonly samples: readonly (readonly string[])[];
}

export interface AssignedColumns {
  readonly indexes: ReadonlyMap<SourceField, number>;
  /** Choices that the user should know. */
  readonly notes: readonly string[];
}

/** Finds the column of each field in a CSV header. */
export function assignColumns(format: ResultFormat, map: ColumnMap, header: HeaderColumns): AssignedColumns {
  const { fileName, line, names } = header;
  const normalized = names.map(normalizeName);
  const indexes = new Map<SourceField, number>();
  const notes: string[] = [];
  const fail = (column: string, reason: string): never => {
    throw new ImportError({ fileName, line, column, reason });
  };
  const placesOf = (name: string) => normalized.flatMap((found, index) => (found === name ? [index] : []));

  for (const field of FIELDS) {
    const name = format.fields[field]?.find((alias) => normalized.includes(alias));
    if (name === undefined) continue;
    const places = placesOf(name);
    // Verifiers append their columns, so the last column with a name is theirs. The address is in the uploaded columns.
    const index = (field === "email" ? places[0] : places.at(-1)) as number;
    indexes.set(field, index);
    if (places.length > 1) {
      const which = field === "email" ? "first" : "last";
      notes.push(
        `${shownName(names[index] ?? "")} appears ${places.length} times in the header; the ${which} one is read`,
      );
    }
  }
  for (const [field, source] of map) indexes.set(field, findMapped(source, header));
  if (!indexes.has("email")) indexes.set("email", findAddressColumn(header, fail, notes));
  if (!indexes.has("status")) fail("status", `is missing: name its column with --map status=COLUMN; ${listOf(names)}`);
  return { indexes, notes };
}

/** Finds a column by its name or, such as `#3`, by its number. */
function findMapped(source: string, { fileName, line, names }: HeaderColumns): number {
  const number = /^#(\d+)$/.exec(source)?.[1];
  if (number !== undefined && Number(number) >= 1 && Number(number) <= names.length) return Number(number) - 1;
  const exact = names.flatMap((name, index) => (name.trim() === source ? [index] : []));
  const similar = names.flatMap((name, index) => (normalizeName(name) === normalizeName(source) ? [index] : []));
  const places = exact.length > 0 ? exact : similar;
  const [index] = places;
  const column = shownName(source);
  if (index === undefined) {
    throw new ImportError({ fileName, line, column, reason: `is not in the header; ${listOf(names)}` });
  }
  if (places.length > 1) {
    const numbers = places.map((place) => `#${place + 1}`).join(" or ");
    const reason = `appears ${places.length} times in the header: name the column by its number, ${numbers}`;
    throw new ImportError({ fileName, line, column, reason });
  }
  return index;
}

function findAddressColumn(
  { names, samples }: HeaderColumns,
  fail: (column: string, reason: string) => never,
  notes: string[],
): number {
  const isAddressColumn = (index: number) => {
    const cells = samples.map((row) => row[index] ?? "").filter((cell) => cell !== "");
    return cells.length > 0 && cells.filter((cell) => cell.includes("@")).length > cells.length / 2;
  };
  const places = names.flatMap((_, index) => (isAddressColumn(index) ? [index] : []));
  const [index] = places;
  if (places.length !== 1 || index === undefined) {
    const found = places.length === 0 ? "no column" : "more than one column";
    fail(
      "email",
      `is missing in the header, and ${found} contains addresses: add --map email=COLUMN; ${listOf(names)}`,
    );
  }
  notes.push(`column ${Number(index) + 1} is read as email, because its cells are addresses`);
  return Number(index);
}

function listOf(names: readonly string[]): string {
  return `the header contains: ${names.map(shownName).join(", ")}`;
}

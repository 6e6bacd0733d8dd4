import { normalizeName, type ResultFormat } from "./result-format.ts";
import { VERIFIERS } from "./verifiers/verifiers.ts";

export const OWN_FORMAT = "task-jobs";
export const OWN_TITLE = "Task Jobs";

/** Columns that only our own format has. */
const OWN_NAMES = [
  "has_reverse_dns",
  "needs_physical_verify",
  "job_status",
  "job_created_at",
  "job_updated_at",
  "unknown_reason",
  "validated_at",
  "server_type",
  "host_name",
  "is_catchall",
  "has_mx_records",
  "is_role_based",
];

export type Recognized =
  | { readonly kind: "own" }
  | { readonly kind: "verifier"; readonly format: ResultFormat }
  | { readonly kind: "ambiguous"; readonly names: readonly string[] }
  | { readonly kind: "unknown" };

/** Recognizes the format of a file by the names of its columns, in any order, case and spelling. */
export function recognizeFormat(columnNames: readonly string[]): Recognized {
  const names = new Set(columnNames.map(normalizeName));
  const has = (name: string) => names.has(name);
  const isOwn = has("email") && has("status");
  const found = VERIFIERS.filter(({ signatures }) => signatures.some((signature) => signature.every(has)));
  if (found.length === 0) return { kind: isOwn ? "own" : "unknown" };
  if (isOwn && OWN_NAMES.some(has)) return { kind: "ambiguous", names: [OWN_FORMAT, ...found.map(({ name }) => name)] };
  const scores = found.map((format) => namesOf(format).filter(has).length);
  const best = found.filter((_, index) => scores[index] === Math.max(...scores));
  const [format] = best;
  return best.length === 1 && format !== undefined
    ? { kind: "verifier", format }
    : { kind: "ambiguous", names: best.map(({ name }) => name) };
}

function namesOf({ signatures, fields }: ResultFormat): string[] {
  return [...new Set([...signatures.flat(), ...Object.values(fields).flat()])];
}

/** A media type that a path can answer. */
export interface OfferedType {
  readonly type: string;
  /** Parameters that a media range must match. Other parameters, such as the `charset` of JSON, are ignored. */
  readonly parameters?: Readonly<Record<string, string>>;
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

/** A type and a subtype, each a token (RFC 9110, section 5.6.2), which includes `*`. */
const TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;
/** Also `.2`, which the HTTP client of older Java versions sends (RFC 9110, section 12.4.2, asks for `0.2`). */
const WEIGHT = /^(0?\.\d+|0\.?|1(\.0*)?)$/;

/**
 * The offered type that `Accept` prefers, or null if it excludes all of them (RFC 9110, section 12.5.1). The package
 * `negotiator` does not match `application/json; charset=utf-8` with an offered `application/json`.
 */
export function acceptedType<Offer extends OfferedType>(
  accept: string | undefined,
  offers: readonly Offer[],
): Offer | null {
  const ranges = rangesOf(accept ?? "");
  // A header without a single valid range states no preference.
  if (ranges.length === 0) return offers[0] ?? null;
  const [best] = offers
    .map((offer) => ({ offer, ...matchOf(offer, ranges) }))
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight || other.precision - one.precision || one.order - other.order);
  return best?.offer ?? null;
}

function rangesOf(accept: string): MediaRange[] {
  return unquotedParts(accept, ",").flatMap((member) => {
    const [first = "", ...parameters] = unquotedParts(member, ";").map((part) => part.trim());
    // The same Java client writes `*` for any type.
    const type = first === "*" ? "*/*" : first;
    const named = new Map(parameters.map(parameterOf));
    const weight = named.get("q") ?? "1";
    named.delete("q");
    const isValid = TYPE.test(type) && WEIGHT.test(weight);
    return isValid ? [{ type: type.toLowerCase(), parameters: named, weight: Number(weight) }] : [];
  });
}

/** Splits at a separator that is not within a quoted string. */
function unquotedParts(text: string, separator: "," | ";"): string[] {
  const parts = text.match(separator === "," ? /(?:"(?:\\.|[^"\\])*"?|[^,"])+/g : /(?:"(?:\\.|[^"\\])*"?|[^;"])+/g);
  return parts ?? [];
}

function parameterOf(parameter: string): [string, string] {
  const [name = "", ...value] = parameter.split("=");
  const text = value.join("=").trim();
  return [name.trim().toLowerCase(), text.replace(/^"(.*)"$/, "$1").toLowerCase()];
}

/** The most specific matching range decides the weight of a type, so that `q=0` can exclude one type of `application/*`. */
function matchOf({ type, parameters = {} }: OfferedType, ranges: readonly MediaRange[]) {
  let match = { weight: 0, precision: -1, order: 0 };
  ranges.forEach((range, order) => {
    const precision = precisionOf(range.type, type);
    const contradicts = [...range.parameters].some(([name, value]) => (parameters[name] ?? value) !== value);
    if (precision > match.precision && !contradicts) match = { weight: range.weight, precision, order };
  });
  return match;
}

/** The precedence of the range for this type: 2 for the type itself, 1 for `type/*`, 0 for any type, -1 for no match. */
function precisionOf(range: string, type: string): number {
  if (range === type) return 2;
  if (range === `${type.split("/")[0]}/*`) return 1;
  return range === "*/*" ? 0 : -1;
}

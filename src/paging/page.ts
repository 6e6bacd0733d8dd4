import type { FieldFault } from "../errors.ts";

export const DEFAULT_LIMIT = 10;
export const MAX_LIMIT = 100;
export const DEFAULT_OFFSET = 0;
/** The largest Int of GraphQL. */
export const MAX_OFFSET = 2_147_483_647;

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** Both APIs state the bounds in these words. */
export const LIMIT_RULE = `must be an integer from 1 to ${MAX_LIMIT}`;
export const OFFSET_RULE = `must be an integer from 0 to ${MAX_OFFSET}`;

export function faultsOfPage({ limit, offset }: Page): FieldFault[] {
  const faults: FieldFault[] = [];
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT))
    faults.push({ field: "limit", reason: LIMIT_RULE });
  return [...faults, ...faultsOfOffset(offset)];
}

export function faultsOfOffset(offset: number): FieldFault[] {
  const isValid = Number.isInteger(offset) && offset >= 0 && offset <= MAX_OFFSET;
  return isValid ? [] : [{ field: "offset", reason: OFFSET_RULE }];
}

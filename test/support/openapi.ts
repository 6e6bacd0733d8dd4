import { readFileSync } from "node:fs";

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly [keyword: string]: unknown;
}

export interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}

interface Header {
  readonly $ref?: string;
  readonly example?: unknown;
}

interface DescribedResponse {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, Header>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema; readonly example: unknown }>>;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, DescribedResponse>>;
}

type Components = Readonly<Record<string, Readonly<Record<string, never>>>>;

export const openapi = JSON.parse(readFileSync("openapi.json", "utf8")) as {
  readonly info: { readonly version: string };
  readonly servers: readonly object[];
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
  readonly components: Components & { readonly schemas: Readonly<Record<string, Schema>> };
};

/** Returns the component that a reference names, and any other part unchanged. */
export function resolve<Part extends { readonly $ref?: string }>(part: Part): Part {
  const [, kind = "", name = ""] = /^#\/components\/(\w+)\/(.+)$/.exec(part.$ref ?? "") ?? [];
  return part.$ref === undefined ? part : (openapi.components[kind]?.[name] as unknown as Part);
}

/** The parameters of a path that are in its query string, by their names. */
export function queryParametersOf(path: string): ReadonlyMap<string, Parameter> {
  const parameters = openapi.paths[path]?.get.parameters.map(resolve) ?? [];
  return new Map(parameters.flatMap((one) => (one.in === "query" ? [[one.name, one]] : [])));
}

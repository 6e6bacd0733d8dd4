import { programVersion } from "../../values/version.ts";

/** The optional parts that this server serves. */
export interface ServedParts {
  readonly graphiql: boolean;
  readonly apiDocs: boolean;
}

/** The JSON of `GET /`. The links are paths, which begin with the path prefix of a proxy. */
export interface ServiceOverview {
  readonly name: string;
  readonly version: string;
  readonly links: {
    readonly graphiql?: string;
    readonly docs?: string;
    readonly openapi?: string;
    readonly graphql: string;
    readonly rest: string;
    readonly health: string;
  };
}

export function serviceOverview({ graphiql, apiDocs }: ServedParts, pathPrefix: string): ServiceOverview {
  return {
    name: "Task Jobs API",
    version: programVersion(),
    links: {
      ...(graphiql ? { graphiql: `${pathPrefix}/graphiql` } : {}),
      ...(apiDocs ? { docs: `${pathPrefix}/docs`, openapi: `${pathPrefix}/openapi.json` } : {}),
      graphql: `${pathPrefix}/graphql`,
      rest: `${pathPrefix}/api/v1`,
      health: `${pathPrefix}/healthz`,
    },
  };
}

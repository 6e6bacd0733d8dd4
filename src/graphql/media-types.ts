export const GRAPHQL_RESPONSE = "application/graphql-response+json";

/** What /graphql answers, the default first. */
export const GRAPHQL_TYPES = [{ type: "application/json" }, { type: GRAPHQL_RESPONSE }] as const;

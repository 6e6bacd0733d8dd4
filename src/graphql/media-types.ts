export const GRAPHQL_RESPONSE = "application/graphql-response+json";

/** The media type of subscriptions. */
export const EVENT_STREAM = "text/event-stream";

/** The media types of /graphql responses, the default first. */
export const GRAPHQL_TYPES = [{ type: "application/json" }, { type: GRAPHQL_RESPONSE }] as const;

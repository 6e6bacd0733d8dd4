import type { Demo } from "./demo.ts";

interface Welcome {
  readonly origin: string;
  readonly graphiql: boolean;
  readonly database: string;
  readonly demo: Demo | null;
}

/** Prints the addresses and, for the demo, the keys and first commands to try. */
export function printWelcome({ origin, graphiql, database, demo }: Welcome): void {
  const lines = [
    `Database   ${database}`,
    ...(demo === null
      ? ["API key    create one with: npm run --silent keys -- create --user UUID"]
      : [
          `Sample     ${demo.jobs} jobs in task ${demo.taskId}`,
          `Demo user  ${demo.userKey}`,
          `Demo admin ${demo.adminKey}`,
        ]),
    `Start page ${origin}/`,
    ...(graphiql ? [`GraphiQL   ${origin}/graphiql`] : []),
    `GraphQL    ${origin}/graphql`,
    `Health     ${origin}/healthz`,
    ...(demo === null
      ? []
      : [
          "",
          "Try it:",
          `curl -s -H 'Authorization: Bearer ${demo.userKey}' '${origin}/api/v1/tasks/${demo.taskId}/jobs?limit=2'`,
          "",
          graphiql
            ? "Let the jobs change, in a second terminal, and watch them in the tab FollowTheProgress of GraphiQL:"
            : "Let the jobs change, in a second terminal:",
          "npm run simulate -- --restart",
        ]),
    "",
    `Listening on ${origin}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

import { isSendable } from "./api-key.ts";
import { type Connection, type GraphQLResponse, post } from "./fetcher.ts";

export interface TaskChoice {
  readonly id: string;
  readonly source: string | null;
  readonly createdAt: string;
}

/** The result of the server's check of the key in the field. */
export type Account =
  | { readonly state: "none" | "checking" }
  | { readonly state: "refused" | "failed"; readonly message: string }
  | AcceptedAccount;

export interface AcceptedAccount {
  readonly state: "accepted";
  readonly userId: string;
  readonly isAdmin: boolean;
  readonly tasks: readonly TaskChoice[];
}

const ACCOUNT = /* GraphQL */ `
  query Account {
    viewer {
      userId
      isAdmin
    }
    tasks(first: 50) {
      nodes {
        id
        source
        createdAt
      }
    }
  }
`;

interface AccountData {
  readonly viewer: { readonly userId: string; readonly isAdmin: boolean };
  readonly tasks: { readonly nodes: readonly TaskChoice[] };
}

export async function readAccount(connection: Connection, signal: AbortSignal): Promise<Account> {
  const key = connection.currentKey();
  if (key === "") return { state: "none" };
  if (!isSendable(key)) {
    return { state: "refused", message: "An API key has only letters, digits and punctuation, without blanks." };
  }
  try {
    const response = await post(connection, { query: ACCOUNT, operationName: "Account" }, { signal });
    return accountOf(response);
  } catch (error) {
    return { state: "failed", message: `The key could not be checked: ${(error as Error).message}` };
  }
}

function accountOf({ data, errors }: GraphQLResponse): Account {
  if (data) {
    const { viewer, tasks } = data as unknown as AccountData;
    return { state: "accepted", userId: viewer.userId, isAdmin: viewer.isAdmin, tasks: tasks.nodes };
  }
  const error = errors?.[0];
  if (error?.extensions?.code === "UNAUTHENTICATED") {
    return { state: "refused", message: "The server does not accept this API key." };
  }
  return { state: "failed", message: `The key could not be checked: ${error?.message ?? "the answer has no data"}` };
}

/** The tasks in a response that lists tasks, so that a task imported after the key check can also be chosen. */
export function tasksIn({ data }: GraphQLResponse): TaskChoice[] {
  const nodes = (data as { tasks?: { nodes?: unknown } } | null | undefined)?.tasks?.nodes;
  return Array.isArray(nodes) ? nodes.filter(isTaskChoice) : [];
}

function isTaskChoice(node: Partial<TaskChoice> | null): node is TaskChoice {
  return typeof node?.id === "string" && typeof node.createdAt === "string" && node.source !== undefined;
}

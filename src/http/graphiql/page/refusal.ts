import type { Account } from "./account.ts";
import type { GraphQLResponse } from "./fetcher.ts";

/** Marks the page's own refusals in the same way as the server's, so that both can be recognized. */
const CODE = "UNAUTHENTICATED";

export function refusalOf(account: Account): GraphQLResponse | null {
  switch (account.state) {
    case "accepted":
    case "checking":
      return null;
    case "none":
      return refusal("Enter an API key above to run operations and to read the documentation.");
    case "refused":
    case "failed":
      return refusal(account.message);
  }
}

function refusal(message: string): GraphQLResponse {
  return { errors: [{ message, extensions: { code: CODE } }] };
}

/** Whether the text in the Result pane says only that a key is missing or not accepted. */
export function isRefusal(text: string): boolean {
  try {
    const { data, errors }: GraphQLResponse = JSON.parse(text);
    return data == null && (errors ?? []).some(({ extensions }) => extensions?.code === CODE);
  } catch {
    return false;
  }
}

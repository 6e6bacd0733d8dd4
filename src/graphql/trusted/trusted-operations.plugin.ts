import type { ApolloServerPlugin } from "@apollo/server";
import type { RequestContext } from "../../context.ts";
import type { TrustedDocuments } from "./prepare-documents.ts";

/** The largest number of values of a label. */
const MAX_NAMES = 500;
const TEXT = { source: "text", operation: "none" } as const;

/** The operation is the name in the manifest, because callers could choose any number of names. */
export interface ExecutedDocument {
  readonly source: "trusted" | "text";
  readonly operation: string;
}

interface NotingOptions {
  readonly trusted: TrustedDocuments;
  readonly isStoredDocument: (text: string) => boolean;
  readonly countDocument: (executed: ExecutedDocument) => void;
}

/** Reports which operations callers execute: for the log the name of a trusted one, and all of them for the metrics. */
export function noteTrustedOperations({
  trusted,
  isStoredDocument,
  countDocument,
}: NotingOptions): ApolloServerPlugin<RequestContext> {
  const names = new Set<string>();
  const boundedName = (name: string) => {
    if (names.size < MAX_NAMES) names.add(name);
    return names.has(name) ? name : "other";
  };
  return {
    async requestDidStart({ request, contextValue }) {
      // REST requests and the events of a subscription execute documents, too.
      if (request.http === undefined || (contextValue.subscription?.event ?? null) !== null) return;
      return {
        async didResolveOperation({ source, document, operation, contextValue }) {
          if (operation === undefined || isStoredDocument(source)) return;
          if (!trusted.includes(document)) {
            countDocument(TEXT);
            return;
          }
          const name = operation.name?.value ?? "anonymous";
          contextValue.noteTrustedOperation?.(name);
          countDocument({ source: "trusted", operation: boundedName(name) });
        },
      };
    },
  };
}

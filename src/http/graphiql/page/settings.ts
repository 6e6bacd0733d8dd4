export interface PageSettings {
  /** The directory `/graphiql/`, under whatever prefix a proxy serves it. */
  readonly baseUrl: URL;
  readonly endpoint: URL;
  /** Null if the server has no embedded demo or the browser runs on another machine. */
  readonly demoApiKey: string | null;
  readonly demoTaskId: string | null;
}

/** The task id in the variables of the example tabs until the user chooses a task. */
export const PLACEHOLDER_TASK_ID = "00000000-0000-0000-0000-000000000000";

/** The settings are data attributes, because the Content-Security-Policy forbids an inline script. */
export function readSettings(root: HTMLElement): PageSettings {
  const { base = "./", apiKey, taskId } = root.dataset;
  const baseUrl = new URL(base, document.baseURI);
  return {
    baseUrl,
    endpoint: new URL("../graphql", baseUrl),
    demoApiKey: apiKey ?? null,
    demoTaskId: taskId ?? null,
  };
}

export function pageRoot(): HTMLElement {
  const root = document.getElementById("graphiql");
  if (root === null) throw new Error("The page has no #graphiql element");
  return root;
}

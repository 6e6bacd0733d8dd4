import { pageRoot, readSettings } from "./settings.ts";

const WORKER_BY_LABEL: Record<string, string> = { json: "json.worker.js", graphql: "graphql.worker.js" };
const { baseUrl } = readSettings(pageRoot());

/** Must be imported before GraphiQL: Monaco looks this global up as soon as it is loaded. */
Object.assign(globalThis, {
  MonacoEnvironment: {
    getWorker: (_moduleId: string, label: string) =>
      new Worker(new URL(`assets/${WORKER_BY_LABEL[label] ?? "editor.worker.js"}`, baseUrl), { name: label }),
  },
});

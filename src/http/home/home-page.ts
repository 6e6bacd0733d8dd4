import { renderPage } from "../html-page.ts";
import type { ServiceOverview } from "./service-overview.ts";

const DESCRIPTION = "The email jobs of batch verification tasks, over GraphQL and over the documented REST endpoint.";

interface Entry {
  readonly title: string;
  /** Undefined if the server does not serve this part. */
  readonly path: string | undefined;
  readonly description: string;
}

/**
 * The page that a browser shows at `/`. Without a known prefix its URLs are relative, so that the links also work behind a
 * proxy that adds one.
 */
export function renderHomePage({ name, version, links }: ServiceOverview, pathPrefix: string): string {
  const urlOf = (path: string) => (pathPrefix === "" ? path.slice(1) : path);
  const pages: Entry[] = [
    { title: "GraphiQL", path: links.graphiql, description: "Write and run GraphQL queries and subscriptions." },
    { title: "REST reference", path: links.docs, description: "Every path, parameter and error, to read and to try." },
    { title: "OpenAPI document", path: links.openapi, description: "The REST API for code generators and tools." },
    { title: "Health", path: links.health, description: "Whether the server runs, and its version." },
  ];
  const apis: Entry[] = [
    {
      title: "GraphQL",
      path: links.graphql,
      description: "Queries by POST or GET, subscriptions by server-sent events or WebSocket.",
    },
    {
      title: "REST",
      path: `${links.rest}/tasks/{id}/jobs`,
      description: "A page of the jobs of a task, with their results.",
    },
    { title: "REST", path: `${links.rest}/tasks`, description: "The tasks that the caller may read." },
  ];
  const linked = pages.flatMap(({ title, path, description }) =>
    path === undefined ? [] : [entry(`<a href="${urlOf(path)}">${title}</a>`, description)],
  );
  const endpoints = apis.map(({ title, path, description }) => entry(`${title} <code>${path}</code>`, description));
  const root = urlOf(`${pathPrefix}/`);
  return renderPage({
    title: name,
    root,
    head: [`<link rel="stylesheet" href="${root}home.css">`],
    body: `<header>
      <img src="${root}favicon.svg" alt="" width="40" height="40">
      <h1>${name} <small>${version}</small></h1>
      <p>${DESCRIPTION}</p>
    </header>
    <main>
      <h2>In the browser</h2>
      <dl>${linked.join("")}
      </dl>
      <h2>For programs</h2>
      <dl>${endpoints.join("")}
      </dl>
    </main>
    <footer>
      <p>Requests to the APIs need a key: <code>Authorization: Bearer tj_…</code></p>
      <p>On the server, this command creates one: <code>npm run keys -- create --user UUID</code></p>
    </footer>`,
  });
}

function entry(term: string, description: string): string {
  return `
        <dt>${term}</dt>
        <dd>${description}</dd>`;
}

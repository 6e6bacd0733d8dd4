import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import express, { type Router } from "express";
import { onlyMethods } from "../error-handler.ts";
import { contentSecurityPolicy, isDirectory, renderPage, serveAssets } from "../html-page.ts";
import { mayContainDemoKey } from "./demo-key-access.ts";

/** Where `tools/build-graphiql.mjs` puts the bundle. The same from `src/http/graphiql` and from `dist/http/graphiql`. */
const ASSETS_DIR = fileURLToPath(new URL("../../../dist/http/graphiql/assets/", import.meta.url));

/** Everything comes from this server. Monaco and GraphiQL insert style elements, hence the one 'unsafe-inline'. */
const CONTENT_SECURITY_POLICY = contentSecurityPolicy(
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "style-src 'self' 'unsafe-inline'",
);

export interface Demo {
  readonly apiKey: string;
  readonly taskId: string;
}

export interface GraphiqlOptions {
  /** Put into the page for a browser on this machine only, see `mayContainDemoKey`. */
  readonly demo: Demo | null;
}

/** Mount this router at `/graphiql`. It also works under a path prefix, because all its URLs are relative. */
export function graphiqlRoutes({ demo }: GraphiqlOptions): Router {
  const router = express.Router();

  // The assets have these headers too, because a web worker uses the policy of its own script.
  router.use((_request, response, next) => {
    response.set({
      "Content-Security-Policy": CONTENT_SECURITY_POLICY,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
    });
    // No other origin may read the page, which may contain the demo's key.
    response.removeHeader("Access-Control-Allow-Origin");
    next();
  });

  router.all("/", onlyMethods("GET", "HEAD"), (request, response) => {
    const page = renderGraphiql(isDirectory(request) ? "./" : "graphiql/", mayContainDemoKey(request) ? demo : null);
    // The page contains the demo's key and task, which depend on the caller and change with the database.
    response.set("Cache-Control", "no-store").type("html").send(page);
  });

  const onlyReads = onlyMethods("GET", "HEAD");
  router.use("/assets", (request, response, next) => {
    const isRead = request.method === "GET" || request.method === "HEAD";
    // A path without a file is unknown for every method.
    if (isRead || !isAsset(request.path)) next();
    else onlyReads(request, response, next);
  });
  router.use("/assets", serveAssets(ASSETS_DIR));

  return router;
}

function isAsset(path: string): boolean {
  return /^\/\w[\w.-]*$/.test(path) && existsSync(ASSETS_DIR + path.slice(1));
}

/** `base` is the relative URL from the page to the directory `/graphiql/`. */
function renderGraphiql(base: string, demo: Demo | null): string {
  const attributes = `data-base="${base}"${dataAttribute("api-key", demo?.apiKey)}${dataAttribute("task-id", demo?.taskId)}`;
  return renderPage({
    title: "Task Jobs API · GraphiQL",
    root: `${base}../`,
    head: [
      `<link rel="stylesheet" href="${base}assets/style.css">`,
      `<script type="module" src="${base}assets/app.js"></script>`,
    ],
    body: `<div id="graphiql" ${attributes}>
      <p class="loading">Loading GraphiQL, which needs JavaScript …</p>
    </div>`,
  });
}

function dataAttribute(name: string, value: string | undefined): string {
  return value === undefined ? "" : ` data-${name}="${escapeHtml(value)}"`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

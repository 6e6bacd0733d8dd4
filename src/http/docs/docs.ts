import { fileURLToPath } from "node:url";
import { type RequestHandler, Router } from "express";
import { onlyMethods } from "../error-handler.ts";
import { contentSecurityPolicy, isDirectory, renderPage, serveAssets, setRevalidation } from "../html-page.ts";
import { sendRevalidated } from "../response/entity-tag.ts";
import { readOpenapiDocument } from "./openapi-document.ts";

/** Where `tools/build-docs.mjs` puts Swagger UI. The relative path is right in `src/http/docs` and in `dist/http/docs`. */
const ASSETS_DIR = fileURLToPath(new URL("../../../dist/http/docs/assets/", import.meta.url));

/** Everything comes from this server, and no script or style is inline. Swagger UI's style sheet contains icons as data URLs. */
const CONTENT_SECURITY_POLICY = contentSecurityPolicy(
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "style-src 'self'",
);

/** The OpenAPI document at `/openapi.json`, and the page at `/docs` that shows it. Neither needs a credential. */
export function docsRoutes(): Router {
  const router = Router();
  const readOnly = onlyMethods("GET", "HEAD");
  const documentFor = readOpenapiDocument();

  router.all("/openapi.json", readOnly, (_request, response) => {
    setRevalidation(response);
    sendRevalidated(response, { type: "application/json", body: documentFor(response.locals.pathPrefix) });
  });

  router.all("/docs", readOnly, pageHeaders, (request, response) => {
    setRevalidation(response);
    sendRevalidated(response, { type: "text/html", body: isDirectory(request) ? DIRECTORY_PAGE : PAGE });
  });

  router.use("/docs/assets", readOnly, pageHeaders, serveAssets(ASSETS_DIR));
  return router;
}

const pageHeaders: RequestHandler = (_request, response, next) => {
  response.set("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  next();
};

const PAGE = renderReference("docs/", "openapi.json");
const DIRECTORY_PAGE = renderReference("./", "../openapi.json");

/** Both URLs are relative, so that the page works under a path prefix that this server does not know. */
function renderReference(base: string, document: string): string {
  return renderPage({
    title: "Task Jobs API · Reference",
    root: `${base}../`,
    head: [
      `<link rel="stylesheet" href="${base}assets/swagger-ui.css">`,
      `<link rel="stylesheet" href="${base}assets/docs.css">`,
      `<script src="${base}assets/swagger-ui-bundle.js" defer></script>`,
      `<script src="${base}assets/docs.js" defer></script>`,
    ],
    body: `<div id="docs" data-document="${document}">
      <p class="loading">Loading the reference, which needs JavaScript …</p>
    </div>`,
  });
}

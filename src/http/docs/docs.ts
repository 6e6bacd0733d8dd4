import { fileURLToPath } from "node:url";
import express, { type RequestHandler, type Response, Router } from "express";
import { onlyMethods } from "../error-handler.ts";
import { sendRevalidated } from "../response/entity-tag.ts";
import { readOpenapiDocument } from "./openapi-document.ts";

/** Where `tools/build-docs.mjs` puts Swagger UI. The relative path is right in `src/http/docs` and in `dist/http/docs`. */
const ASSETS_DIR = fileURLToPath(new URL("../../../dist/http/docs/assets/", import.meta.url));

/** Everything comes from this server, and no script or style is inline. Swagger UI's style sheet contains icons as data URLs. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

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
    const isDirectory = request.originalUrl.split("?", 1)[0]?.endsWith("/") ?? false;
    setRevalidation(response);
    sendRevalidated(response, { type: "text/html", body: isDirectory ? DIRECTORY_PAGE : PAGE });
  });

  // The file names contain no hash, so a browser must revalidate each file. If it is unchanged, the ETag yields 304.
  router.use("/docs/assets", readOnly, pageHeaders);
  router.use(
    "/docs/assets",
    express.static(ASSETS_DIR, { index: false, redirect: false, cacheControl: false, setHeaders: setRevalidation }),
  );
  return router;
}

const pageHeaders: RequestHandler = (_request, response, next) => {
  response.set("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  next();
};

function setRevalidation(response: Response): void {
  response.set("Cache-Control", "no-cache");
}

const PAGE = renderPage("docs/", "openapi.json");
const DIRECTORY_PAGE = renderPage("./", "../openapi.json");

/** Both URLs are relative, so that the page works under a path prefix that this server does not know. */
function renderPage(base: string, document: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Task Jobs API · Reference</title>
    <link rel="icon" href="${base}../favicon.ico" sizes="32x32">
    <link rel="icon" href="${base}../favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="${base}assets/swagger-ui.css">
    <link rel="stylesheet" href="${base}assets/docs.css">
    <script src="${base}assets/swagger-ui-bundle.js" defer></script>
    <script src="${base}assets/docs.js" defer></script>
  </head>
  <body>
    <div id="docs" data-document="${document}">
      <p class="loading">Loading the reference, which needs JavaScript …</p>
    </div>
  </body>
</html>
`;
}

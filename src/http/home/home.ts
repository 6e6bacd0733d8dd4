import { fileURLToPath } from "node:url";
import express, { Router } from "express";
import { Failure } from "../../errors.ts";
import { onlyMethods } from "../error-handler.ts";
import { contentSecurityPolicy, setRevalidation } from "../html-page.ts";
import { acceptedType } from "../request/accepted-type.ts";
import { sendRevalidated } from "../response/entity-tag.ts";
import { renderHomePage } from "./home-page.ts";
import { type ServedParts, serviceOverview } from "./service-overview.ts";

const ASSETS_DIR = fileURLToPath(new URL("assets/", import.meta.url));

/** Browsers ask for the icon with each page of this server, and an old icon does no harm, so they may keep it for a day. */
const ASSET_OPTIONS = {
  index: false,
  redirect: false,
  cacheControl: false,
  setHeaders: (response: express.Response, file: string) =>
    response.setHeader("Cache-Control", file.endsWith(".css") ? "no-cache" : "public, max-age=86400"),
} as const;

/** JSON comes first, because programs such as curl accept any type, while browsers name HTML. */
const TYPES = [{ type: "application/json" }, { type: "text/html" }] as const;

/** The page loads a style sheet and an icon, and has no script. */
const CONTENT_SECURITY_POLICY = contentSecurityPolicy("style-src 'self'", "img-src 'self'");

/** `GET /` links to every part of the server: a page for browsers, JSON for programs. No path of this router needs a credential. */
export function homeRoutes(parts: ServedParts): Router {
  const router = Router();
  const readOnly = onlyMethods("GET", "HEAD");

  router.all("/", readOnly, (request, response) => {
    response.vary("Accept");
    const { type } = acceptedType(request.headers.accept, TYPES) ?? {};
    if (type === undefined) {
      const message = "This path can only respond with application/json or text/html";
      throw new Failure("NOT_ACCEPTABLE", { message });
    }
    const { pathPrefix } = response.locals;
    const overview = serviceOverview(parts, pathPrefix);
    setRevalidation(response);
    if (type === "text/html") response.setHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
    const body = type === "text/html" ? renderHomePage(overview, pathPrefix) : JSON.stringify(overview);
    sendRevalidated(response, { type, body });
  });

  router.all(["/favicon.ico", "/favicon.svg", "/home.css"], readOnly, express.static(ASSETS_DIR, ASSET_OPTIONS));
  return router;
}

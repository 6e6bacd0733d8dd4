import express, { type Request, type RequestHandler, type Response } from "express";

interface PageParts {
  readonly title: string;
  /** The URL of the directory that has the icons, which ends with a slash unless it is empty. */
  readonly root: string;
  /** The elements for the style sheets and scripts. */
  readonly head: readonly string[];
  readonly body: string;
}

/** The HTML of a page for people. */
export function renderPage({ title, root, head, body }: PageParts): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" href="${root}favicon.ico" sizes="32x32">
    <link rel="icon" href="${root}favicon.svg" type="image/svg+xml">
    ${head.join("\n    ")}
  </head>
  <body>
    ${body}
  </body>
</html>
`;
}

/** The policy of a page that loads only what these directives allow, sends no form and cannot be framed. */
export function contentSecurityPolicy(...directives: readonly string[]): string {
  const common = ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"];
  return ["default-src 'none'", ...directives, ...common].join("; ");
}

/** Whether the path of the page ends with a slash. Relative URLs of the page then begin in its own directory. */
export function isDirectory({ originalUrl }: Request): boolean {
  return originalUrl.split("?", 1)[0]?.endsWith("/") ?? false;
}

/** Makes browsers revalidate each use of the response. If it is unchanged, the ETag yields 304. */
export function setRevalidation(response: Response): void {
  response.setHeader("Cache-Control", "no-cache");
}

/** Serves the files of a page. Their names contain no hash, so a browser must revalidate them. */
export function serveAssets(directory: string): RequestHandler {
  return express.static(directory, {
    index: false,
    redirect: false,
    cacheControl: false,
    setHeaders: setRevalidation,
  });
}

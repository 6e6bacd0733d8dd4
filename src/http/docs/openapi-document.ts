import { readFileSync } from "node:fs";

/** The relative path is right in `src/http/docs` and in `dist/http/docs`. */
const FILE = new URL("../../../openapi.json", import.meta.url);

/** Reads `openapi.json`, and returns a function that adds the path prefix of a proxy to the address of the server. */
export function readOpenapiDocument(): (pathPrefix: string) => string {
  const document = JSON.parse(readFileSync(FILE, "utf8")) as { readonly servers: readonly [{ readonly url: string }] };
  const [server] = document.servers;
  const withPrefix = (pathPrefix: string) =>
    JSON.stringify({ ...document, servers: [{ ...server, url: pathPrefix || server.url }] });
  // A prefix depends on the configuration or a trusted proxy, so it hardly ever changes.
  let last = { pathPrefix: "", text: withPrefix("") };
  return (pathPrefix) => {
    if (last.pathPrefix !== pathPrefix) last = { pathPrefix, text: withPrefix(pathPrefix) };
    return last.text;
  };
}

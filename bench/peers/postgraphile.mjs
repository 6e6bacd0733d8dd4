import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { databaseUrl, listen } from "./support.mjs";

// PostGraphile declares Node 22. On Node 20 it needs only this function.
Promise.withResolvers ??= () => {
  const parts = /** @type {PromiseWithResolvers<any>} */ ({});
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

// The schema is derived from the tables by the default preset.
const preset = {
  extends: [PostGraphileAmberPreset],
  // PostGraphile hides filters and orders without an index, and does not recognise the partial page index.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ connectionString: databaseUrl, schemas: ["public"] })],
  grafserv: { graphiql: false, websockets: false },
};
const service = postgraphile(preset).createServ(grafserv);
const server = createServer();
await service.addTo(server);
await listen(server);

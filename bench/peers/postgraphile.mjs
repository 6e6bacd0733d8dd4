import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { announce, databaseUrl } from "./support.mjs";

// It asks for Node 22; this is all that it misses on 20.
Promise.withResolvers ??= () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

// The schema comes from the tables, as its default preset makes it.
const preset = {
  extends: [PostGraphileAmberPreset],
  // It hides filters and orders without an index of their own, and overlooks our page index because it is partial.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ connectionString: databaseUrl, schemas: ["public"] })],
  grafserv: { graphiql: false, websockets: false },
};
const service = postgraphile(preset).createServ(grafserv);
const server = createServer();
await service.addTo(server);
server.listen(0, "127.0.0.1", () => announce(`http://127.0.0.1:${server.address().port}`));

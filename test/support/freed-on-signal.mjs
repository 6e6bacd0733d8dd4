import { AsyncResource, createHook } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import v8 from "node:v8";
import { runInNewContext } from "node:vm";

// For `node --import`: SIGUSR2 makes the program print how many HTTP responses it has begun, and how many of them are still in
// memory after minor garbage collections.
v8.setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");
const alive = new Set();
let begun = 0;
createHook({ destroy: (id) => alive.delete(id) }).enable();
subscribe("http.server.request.start", ({ response }) => {
  const resource = new AsyncResource("WatchedResponse");
  alive.add(resource.asyncId());
  begun += 1;
  Object.assign(response, { resource });
});
process.on("SIGUSR2", () => {
  for (let collections = 0; collections < 3; collections++) collectGarbage({ type: "minor" });
  setTimeout(() => console.log(`begun=${begun} alive=${alive.size};`), 10);
});

import { syncBuiltinESMExports } from "node:module";
import v8 from "node:v8";
import { runInNewContext } from "node:vm";

// For `node --import`: SIGUSR2 makes the program print the bytes in use after a garbage collection. With
// COMPILATION_CACHE=on the program cannot turn off V8's compilation cache.
const { setFlagsFromString } = v8;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");
process.on("SIGUSR2", () => {
  collectGarbage();
  console.log(`heapUsed=${process.memoryUsage().heapUsed};`);
});

if (process.env.COMPILATION_CACHE === "on") {
  v8.setFlagsFromString = (flags) => {
    if (flags !== "--no-compilation-cache") setFlagsFromString(flags);
  };
  syncBuiltinESMExports();
}

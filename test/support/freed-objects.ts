import { AsyncResource, createHook } from "node:async_hooks";
import { setTimeout } from "node:timers/promises";
import { collectGarbage } from "./collect-garbage.ts";

/** Counts the watched objects that minor garbage collections free. A `WeakRef` would be cleared by major ones only. */
export function watchFreedObjects() {
  // Otherwise V8 might begin a major collection before the objects are counted.
  collectGarbage();
  const alive = new Set<number>();
  const hook = createHook({ destroy: (id) => alive.delete(id) }).enable();
  return {
    watch(object: object): void {
      const resource = new AsyncResource("WatchedObject");
      alive.add(resource.asyncId());
      Object.assign(object, { resource });
    },

    async countAlive(): Promise<number> {
      for (let collections = 0; collections < 3; collections++) collectGarbage({ type: "minor" });
      // Node calls the hook after the collection.
      await setTimeout(10);
      hook.disable();
      return alive.size;
    },
  };
}

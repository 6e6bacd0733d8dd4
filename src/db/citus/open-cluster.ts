import type { Sql } from "postgres";
import { createPlanSwitch } from "./plan-switch.ts";
import { openWorkerWatch } from "./worker-watch.ts";

export type Cluster = ReturnType<typeof openCluster>;

/** The state that the pools of one server share if the server is the coordinator of a Citus cluster. */
export function openCluster(connect: () => Sql) {
  const workers = openWorkerWatch(connect);
  const plans = createPlanSwitch();
  return {
    workers,
    plans,
    /** Returns whether the tables are distributed. Statements are then planned with their values from now on. */
    async planWithValues(): Promise<boolean> {
      if (!(await workers.detect())) return false;
      plans.planWithValues();
      return true;
    },
    close: workers.close,
  };
}

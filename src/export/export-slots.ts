import type { Viewer } from "../auth/viewer.ts";
import { Failure } from "../errors.ts";

/** No slot is free for an export of this user. */
export class TooManyExports extends Failure {
  constructor() {
    super("UNAVAILABLE", { message: "Too many exports are running, try again later" });
  }
}

export type ExportSlots = ReturnType<typeof createExportSlots>;

/**
 * Limits the exports that a process runs at once: one user gets at most half of the slots, and the last free slot is kept
 * for a user without a running export. A request without a free slot fails as UNAVAILABLE immediately.
 */
export function createExportSlots(total: number) {
  const maxOfUser = Math.ceil(total / 2);
  const heldBy = new Map<string, number>();
  let running = 0;
  return {
    running: () => running,

    /** Takes a slot and returns the function that frees it. */
    take({ userId }: Viewer): () => void {
      const held = heldBy.get(userId) ?? 0;
      const free = total - running;
      if (free <= 0 || (held > 0 && (held >= maxOfUser || free === 1))) throw new TooManyExports();
      running += 1;
      heldBy.set(userId, held + 1);
      return () => {
        running -= 1;
        const left = (heldBy.get(userId) ?? 0) - 1;
        if (left > 0) heldBy.set(userId, left);
        else heldBy.delete(userId);
      };
    },
  };
}

import { cores } from "./cores.mjs";
import { count } from "./count.mjs";
import { cursorWalk } from "./cursor-walk.mjs";
import { deepAgain } from "./deep-again.mjs";
import { deepJump } from "./deep-jump.mjs";
import { deepWalk } from "./deep-walk.mjs";
import { exportTask } from "./export.mjs";
import { filtered } from "./filtered.mjs";
import { graphql100 } from "./graphql-100.mjs";
import { instances } from "./instances.mjs";
import { live } from "./live.mjs";
import { memory } from "./memory.mjs";
import { page10 } from "./page-10.mjs";
import { partitions } from "./partitions.mjs";
import { progress } from "./progress.mjs";
import { rest100 } from "./rest-100.mjs";
import { selection } from "./selection.mjs";
import { start } from "./start.mjs";
import { storage } from "./storage.mjs";
import { writersBatch } from "./writers-batch.mjs";
import { writersUpdates } from "./writers-updates.mjs";

/** @import { Workload } from "../types.ts" */

/**
 * All workloads, in the order of the report.
 * @type {readonly Workload[]}
 */
export const WORKLOADS = [
  ...[rest100, graphql100, page10, selection],
  ...[deepWalk, deepJump, deepAgain, count],
  ...[cursorWalk, filtered, progress, exportTask],
  ...[writersBatch, writersUpdates, memory, start, cores],
  ...[instances, storage, partitions, live],
];

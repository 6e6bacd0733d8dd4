import type { Viewer } from "../../src/auth/viewer.ts";
import type { ConnectionArguments } from "../../src/connection.ts";
import { deadlineIn } from "../../src/deadline.ts";
import { openJobSearchLoader } from "../../src/task-jobs/job-search.loader.ts";
import type { JobSearchQueries } from "../../src/task-jobs/job-search.queries.ts";
import { listJobConnection } from "../../src/task-jobs/list-job-connection.ts";

type Asked = Parameters<typeof listJobConnection>[1];

/** Lists connections, each time as a request of its own. */
export function openConnectionLister(queries: JobSearchQueries, viewer: Viewer) {
  return (asked: Asked, page: ConnectionArguments) =>
    listJobConnection(openJobSearchLoader(queries, viewer, deadlineIn(600_000)), asked, page);
}

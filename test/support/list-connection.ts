import type { Viewer } from "../../src/auth/viewer.ts";
import { createJobSearchLoader } from "../../src/job-search/job-search.loader.ts";
import type { JobSearchQueries } from "../../src/job-search/job-search.queries.ts";
import { listJobConnection } from "../../src/job-search/list-job-connection.ts";
import type { ConnectionArguments } from "../../src/paging/connection.ts";
import { deadlineIn } from "../../src/values/deadline.ts";

type Arguments = Parameters<typeof listJobConnection>[1];

/** Lists connections, each page in a separate request. */
export function openConnectionLister(queries: JobSearchQueries, viewer: Viewer) {
  return (asked: Arguments, page: ConnectionArguments) =>
    listJobConnection(createJobSearchLoader(queries, viewer, deadlineIn(600_000)), asked, page);
}

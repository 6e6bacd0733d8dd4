const EMAIL_FIELDS = `id email status isRoleBased isDisposable hasMxRecords hasReverseDns domainName hostName serverType
      isCatchall validatedAt unknownReason needsPhysicalVerify`;

/**
 * The page with nested emails, for this service and all code-first peers.
 * @param {string} idType
 */
export function pageDocument(idType) {
  return `query Page($taskId: ${idType}!, $limit: Int!, $offset: Int!) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
    jobs {
      id taskId emailAddress status createdAt updatedAt
      email {
      ${EMAIL_FIELDS}
      }
    }
  }
}`;
}

/** PostGraphile derives its schema from the tables, so aliases give the response the same shape. */
export const POSTGRAPHILE_DOCUMENT = `query Page($taskId: UUID!, $limit: Int!, $offset: Int!) {
  taskJobs: allTaskEmailJobs(
    condition: { taskId: $taskId, deletedAt: null }, first: $limit, offset: $offset, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]
  ) {
    jobs: nodes {
      id: rowId taskId emailAddress status createdAt updatedAt
      email: emailByEmailId {
      ${EMAIL_FIELDS.replace("id email", "id: rowId email")}
      }
    }
  }
}`;

/** drizzle-graphql derives its schema from the drizzle tables. */
export const DRIZZLE_GRAPHQL_DOCUMENT = `query Page($taskId: String!, $limit: Int!, $offset: Int!) {
  jobs: taskEmailJobs(
    where: { taskId: { eq: $taskId }, deletedAt: { isNull: true } }
    orderBy: { createdAt: { direction: desc, priority: 2 }, id: { direction: desc, priority: 1 } }
    limit: $limit
    offset: $offset
  ) {
    id taskId emailAddress status createdAt updatedAt
    email {
    ${EMAIL_FIELDS}
    }
  }
}`;

export const STATUS_DOCUMENT = `query Statuses($taskId: UUID!, $limit: Int!, $offset: Int!) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
    jobs { id status }
  }
}`;

export const COUNTED_PAGE_DOCUMENT = pageDocument("UUID").replace("jobs {", "count\n    jobs {");

/** The jobs of a task by cursor, with the fields of the page. */
export const CONNECTION_DOCUMENT = `query Walk($taskId: UUID!, $first: Int, $after: String, $last: Int, $before: String, $filter: TaskJobFilter) {
  task(id: $taskId) {
    jobs(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        id taskId emailAddress status createdAt updatedAt
        email {
        ${EMAIL_FIELDS}
        }
      }
      pageInfo { hasNextPage startCursor endCursor }
    }
  }
}`;

export const PROGRESS_DOCUMENT = `query Progress($taskId: UUID!) {
  task(id: $taskId) {
    progress {
      total pending processing completed failed percent isComplete lastUpdatedAt
    }
  }
}`;

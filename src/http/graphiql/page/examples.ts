/** One tab of the page; GraphiQL names it after its operation. */
export interface ExampleTab {
  query: string;
  variables: string;
}

const PAGE_OF_JOBS = /* GraphQL */ `# Ctrl-Enter runs this operation.
# The book icon opens the documentation.
query PageOfJobs(
  $taskId: UUID!
  $limit: Int! = 10
  $offset: Int! = 0
) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
    count
    jobs {
      id
      emailAddress
      status
      email {
        status
        isRoleBased
        isDisposable
        isCatchall
        domainName
        serverType
        validatedAt
        unknownReason
      }
      createdAt
    }
  }
}
`;

const STATUS_ONLY = /* GraphQL */ `# The server reads no emails, because the selection has no email field.
query StatusOnly($taskId: UUID!) {
  taskJobs(taskId: $taskId, limit: 100) {
    count
    jobs {
      id
      status
    }
  }
}
`;

const DELIVERABILITY = /* GraphQL */ `# deliverability groups every status of an email into four verdicts.
query Deliverability($taskId: UUID!) {
  taskJobs(taskId: $taskId, limit: 50) {
    jobs {
      emailAddress
      email {
        deliverability
        status
        unknownReason
        needsPhysicalVerify
      }
    }
  }
}
`;

const SECOND_PAGE = /* GraphQL */ `# The next page has the same limit and a larger offset.
query SecondPage(
  $taskId: UUID!
  $limit: Int!
  $offset: Int!
) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
    count
    limit
    offset
    jobs {
      id
      emailAddress
      status
      createdAt
    }
  }
}
`;

const FAILED_ONES = /* GraphQL */ `# Filters combine with AND, the values of a list with OR.
query FailedOnes($taskId: UUID!) {
  taskJobs(taskId: $taskId, filter: { status: [FAILED] }) {
    count
    jobs {
      emailAddress
      updatedAt
    }
  }
}
`;

const WALK = /* GraphQL */ `# Paging by cursor: put endCursor into the variable after for the next page.
query Walk($taskId: UUID!, $after: String) {
  task(id: $taskId) {
    source
    jobs(
      first: 20
      after: $after
      filter: { deliverability: [RISKY] }
      orderBy: UPDATED_AT_DESC
    ) {
      totalCount
      nodes {
        emailAddress
        email {
          status
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`;

const PROGRESS = /* GraphQL */ `# Progress is cheap enough to poll; it may be a second old.
query Progress($taskId: UUID!) {
  viewer {
    userId
    isAdmin
  }
  task(id: $taskId) {
    progress {
      total
      completed
      failed
      percent
      isComplete
      deliverability {
        deliverable
        undeliverable
        risky
        unknown
      }
    }
  }
}
`;

const FOLLOW_THE_PROGRESS = /* GraphQL */ `# The result follows the task until you stop it.
# To see changes: npm run simulate -- --restart
subscription FollowTheProgress($taskId: UUID!) {
  taskProgress(taskId: $taskId) {
    percent
    total
    pending
    processing
    completed
    failed
    isComplete
  }
}
`;

const TASKS = /* GraphQL */ `# Ctrl-Enter lists the tasks that your API key may read, newest first.
query Tasks {
  tasks(first: 10) {
    totalCount
    nodes {
      id
      source
      createdAt
      progress {
        percent
      }
    }
  }
}
`;

/** In the demo the first tab shows a page of jobs. Otherwise it lists the tasks to choose from. */
export function exampleTabs(
  taskId: string,
  firstTab: "jobs" | "tasks" = "jobs",
): readonly [ExampleTab, ...ExampleTab[]] {
  const tasks = { query: TASKS, variables: pretty({}) };
  const jobs = { query: PAGE_OF_JOBS, variables: pretty({ taskId, limit: 10, offset: 0 }) };
  const others = [
    { query: STATUS_ONLY, variables: pretty({ taskId }) },
    { query: DELIVERABILITY, variables: pretty({ taskId }) },
    { query: SECOND_PAGE, variables: pretty({ taskId, limit: 10, offset: 10 }) },
    { query: FAILED_ONES, variables: pretty({ taskId }) },
    { query: WALK, variables: pretty({ taskId, after: null }) },
    { query: PROGRESS, variables: pretty({ taskId }) },
    { query: FOLLOW_THE_PROGRESS, variables: pretty({ taskId }) },
  ];
  return firstTab === "jobs" ? [jobs, ...others, tasks] : [tasks, jobs, ...others];
}

function pretty(variables: Record<string, unknown>): string {
  return JSON.stringify(variables, null, 2);
}

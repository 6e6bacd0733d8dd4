/** One tab of the page; GraphiQL names it after its operation. */
export interface ExampleTab {
  query: string;
  variables: string;
}

const PAGE_OF_JOBS = /* GraphQL */ `# Ctrl-Enter runs this; the book icon opens the docs.
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

const STATUS_ONLY = /* GraphQL */ `# Without email in the selection no email is read.
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

const DELIVERABILITY = /* GraphQL */ `# One verdict for every wording of an email's status.
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

const SECOND_PAGE = /* GraphQL */ `# The next page: the same limit, a larger offset.
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

const FAILED_ONES = /* GraphQL */ `# Filters combine; orders are total.
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

const WALK = /* GraphQL */ `# By cursor: put endCursor into after for the next page.
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

const PROGRESS = /* GraphQL */ `# Cheap enough to poll: up to a second old.
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

const TASKS = /* GraphQL */ `# All tasks you may see, newest first.
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

export function exampleTabs(taskId: string): readonly [ExampleTab, ...ExampleTab[]] {
  return [
    { query: PAGE_OF_JOBS, variables: pretty({ taskId, limit: 10, offset: 0 }) },
    { query: STATUS_ONLY, variables: pretty({ taskId }) },
    { query: DELIVERABILITY, variables: pretty({ taskId }) },
    { query: SECOND_PAGE, variables: pretty({ taskId, limit: 10, offset: 10 }) },
    { query: FAILED_ONES, variables: pretty({ taskId }) },
    { query: WALK, variables: pretty({ taskId, after: null }) },
    { query: PROGRESS, variables: pretty({ taskId }) },
    { query: TASKS, variables: pretty({}) },
  ];
}

function pretty(variables: Record<string, unknown>): string {
  return JSON.stringify(variables, null, 2);
}

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

export function exampleTabs(taskId: string): readonly [ExampleTab, ...ExampleTab[]] {
  return [
    { query: PAGE_OF_JOBS, variables: pretty({ taskId, limit: 10, offset: 0 }) },
    { query: STATUS_ONLY, variables: pretty({ taskId }) },
    { query: DELIVERABILITY, variables: pretty({ taskId }) },
    { query: SECOND_PAGE, variables: pretty({ taskId, limit: 10, offset: 10 }) },
  ];
}

function pretty(variables: Record<string, unknown>): string {
  return JSON.stringify(variables, null, 2);
}

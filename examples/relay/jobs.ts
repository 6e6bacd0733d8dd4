import { graphql } from "relay-runtime";

// relay-compiler reads this document. The program imports its result, because only Babel can replace the tag with it.
export const jobsQuery = graphql`
  query jobsQuery($taskId: ID!, $after: String) {
    node(id: $taskId) {
      ... on Task {
        jobs(first: 50, after: $after) @connection(key: "Task_jobs") {
          edges {
            node {
              id
              status
              email {
                deliverability
              }
            }
          }
          pageInfo {
            endCursor
            hasNextPage
          }
        }
      }
    }
  }
`;

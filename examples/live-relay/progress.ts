import { graphql } from "relay-runtime";

// relay-compiler reads this document. The program imports its result, because only Babel can replace the tag with it.
export const progressSubscription = graphql`
  subscription progressSubscription($taskId: UUID!) {
    taskProgress(taskId: $taskId) {
      percent
      isComplete
    }
  }
`;

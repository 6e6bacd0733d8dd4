import { createOperationDescriptor, Environment, fetchQuery, Network, RecordSource, Store } from "relay-runtime";
import jobs, { type jobsQuery } from "./__generated__/jobsQuery.graphql.ts";
import { key, taskId, url } from "./settings.ts";

const network = Network.create(async ({ text }, variables) => {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ query: text, variables }),
  });
  return response.json();
});
const environment = new Environment({ network, store: new Store(new RecordSource()) });

const query = createOperationDescriptor(jobs, { taskId });
// The store may drop what no retained query selects.
environment.retain(query);

const first = await fetchQuery<jobsQuery>(environment, jobs, { taskId }).toPromise();
const after = first?.node?.jobs?.pageInfo.endCursor;
await fetchQuery<jobsQuery>(environment, jobs, { taskId, after }).toPromise();

// @connection has appended the second page to the first one.
const { node } = environment.lookup(query.fragment).data as unknown as jobsQuery["response"];
const edges = node?.jobs?.edges ?? [];
console.log(`The store has ${edges.length} jobs after two pages.`);
for (const { node: job } of edges.slice(0, 3))
  console.log(`  ${job.status}, ${job.email?.deliverability ?? "no result"}`);

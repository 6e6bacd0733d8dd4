import { JobsDocument, ProgressDocument, type TypedDocumentString } from "./generated/graphql.ts";
import { key, taskId, url } from "./settings.ts";

interface GraphqlResult<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

/** Whether to send the hash of a document instead of its text, to a server that has loaded the trusted documents of this client. */
const sendsIds = process.env.DOCUMENT_IDS === "on";

/** Executes a document. The types of its variables and of its data come from the schema. */
async function execute<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json",
    },
    body: JSON.stringify({ ...(sendsIds ? { documentId: document.__meta__?.hash } : { query: document }), variables }),
    signal: AbortSignal.timeout(10_000),
  });
  const { data, errors }: GraphqlResult<Data> = await response.json();
  if (errors !== undefined)
    throw new Error(errors.map(({ extensions, message }) => `${extensions?.code}: ${message}`).join("; "));
  if (data === undefined || data === null) throw new Error(`The response ${response.status} has no data`);
  return data;
}

const { task } = await execute(ProgressDocument, { taskId });
console.log(`${task.progress.percent} % of ${task.progress.total} addresses are done.`);

const { taskJobs } = await execute(JobsDocument, { taskId, limit: 3, filter: { deliverability: ["UNDELIVERABLE"] } });
console.log(`Mail to ${taskJobs.count} addresses would bounce. The newest:`);
for (const { email } of taskJobs.jobs) console.log(`  ${email?.status}, verified at ${email?.validatedAt}`);

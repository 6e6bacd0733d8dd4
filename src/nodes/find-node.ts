import type { EmailLoader } from "../email/email.loader.ts";
import type { EmailRecord } from "../email/email.queries.ts";
import type { JobRecord } from "../job-search/job-record.ts";
import { findReadableTask } from "../tasks/find-task.ts";
import type { TaskRecord } from "../tasks/task.queries.ts";
import { findJob } from "./find-job.ts";
import type { TaskOfEmailLoader } from "./visible-email.loader.ts";

/** The parts of the request context that this file needs. */
type Context = Parameters<typeof findReadableTask>[0] &
  Parameters<typeof findJob>[0] & { readonly emailById: EmailLoader; readonly taskOfEmail: TaskOfEmailLoader };

export type NodeRecord = TaskRecord | JobRecord | EmailRecord;

/**
 * Returns the task, job or email with this id, or null if the viewer may read none. The loaders batch each step, so that
 * many ids take as many statements as one id.
 */
export async function findNode(context: Context, id: string): Promise<NodeRecord | null> {
  const node =
    (await findReadableTask(context, id)) ??
    (await findJob(context, { id, taskId: null })) ??
    (await findEmail(context, id));
  // The id may be that of a job or an email of another user: the queries find only objects that the viewer may read.
  if (node === null) context.audit("denied", id);
  return node;
}

/** The name of the GraphQL type of a node. */
export function typeOfNode(node: NodeRecord): "Task" | "TaskJob" | "Email" {
  if ("emailAddress" in node) return "TaskJob";
  return "source" in node ? "Task" : "Email";
}

/** An email has no owner: the viewer may read it if a job of a task that they may read refers to it. */
async function findEmail({ taskOfEmail, emailById, viewer, audit }: Context, id: string): Promise<EmailRecord | null> {
  const taskId = await taskOfEmail.load(id);
  if (taskId === null) return null;
  if (viewer.isAdmin) audit("admin_read", taskId);
  return emailById.load(id);
}

/**
 * A job as the REST endpoint and the NDJSON export spell it, as the flat row it stands for; any other object as it is. In
 * a flat row `email` is text, in a job it is a record or absent.
 */
export function flattenRestJob(object: object): object {
  const { email_address, status, email, created_at, updated_at, id, task_id, ...others } = object as Partial<
    Record<string, unknown>
  >;
  const hasRecord = typeof email === "object" && email !== null;
  if (typeof email_address !== "string" || !(hasRecord || email === null || email === undefined)) return object;
  return {
    ...others,
    ...(hasRecord ? email : { email: email_address }),
    email_address,
    job_status: status,
    job_created_at: created_at,
    job_updated_at: updated_at,
  };
}

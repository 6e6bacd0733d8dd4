/**
 * Converts a job of the REST endpoint or of the NDJSON export to a flat row, and returns any other object unchanged. The
 * `email` of a flat row is text, while the `email` of a job is a record or absent.
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

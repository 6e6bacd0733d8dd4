/** The result of `metrics-fields.rest.graphql`. */
export interface StoredMetrics {
  readonly total_email_addresses: number;
  readonly pending: number;
  readonly processing: number;
  readonly completed: number;
  readonly failed: number;
  readonly progress_percent: number;
  readonly verification_status: {
    readonly catchall: number;
    readonly role_based: number;
    readonly disposable_domain_emails: number;
  };
}

/** Nests the metrics as documented, because aliases of a query cannot nest fields. */
export function toDocumentedMetrics(metrics: StoredMetrics): object {
  const { total_email_addresses, pending, processing, completed, failed, progress_percent, verification_status } =
    metrics;
  return {
    total_email_addresses,
    job_status: { pending, processing, completed, failed },
    progress: total_email_addresses === 0 ? 0 : (completed + failed) / total_email_addresses,
    progress_percent,
    verification_status,
  };
}

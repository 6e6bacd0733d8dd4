import { Router } from "express";
import { onlyMethods } from "../http/error-handler.ts";
import { type KnownParameters, RestParameters } from "../http/request/rest-parameters.ts";
import { executeStored, type RestApi, sendJson, startRestRequest, storedDocument } from "../http/rest-endpoint.ts";
import type { StoredMetrics } from "../tasks/progress/documented-metrics.ts";

const FILES = ["./verification-metrics.rest.graphql", "../tasks/progress/metrics-fields.rest.graphql"];
const METRICS = storedDocument(import.meta.url, FILES);
export const METRICS_PARAMETERS: KnownParameters = { strict: ["user_id", "from", "to"] };

interface StoredVerificationMetrics {
  readonly user_id: string;
  readonly total_tasks: number;
  readonly unique_email_addresses: number;
  readonly metrics: StoredMetrics;
  readonly last_verification_requested_at: string | null;
  readonly last_verification_completed_at: string | null;
}

interface Stored {
  readonly verificationMetrics: StoredVerificationMetrics;
}

/** The documented endpoint of the results of all tasks together. */
export function verificationMetricsRoutes(api: RestApi): Router {
  const router = Router();
  router.all("/api/v1/metrics/verifications", onlyMethods("GET", "HEAD"), async (request, response) => {
    const context = await startRestRequest(api, request, response);
    const parameters = new RestParameters(request.url, METRICS_PARAMETERS);
    const userId = parameters.single("user_id");
    const variables = {
      userId: userId === null ? null : parameters.uuid("user_id", userId),
      from: parameters.moment("from"),
      to: parameters.moment("to"),
    };
    parameters.check();
    const stored = await executeStored<Stored>(api, { context, document: METRICS, variables });
    sendJson(response, toDocumentedShape(stored.verificationMetrics));
  });
  return router;
}

function toDocumentedShape({ metrics, ...stored }: StoredVerificationMetrics): object {
  const { pending, processing, completed, failed, verification_status } = metrics;
  return {
    user_id: stored.user_id,
    total_verifications: metrics.total_email_addresses,
    total_tasks: stored.total_tasks,
    unique_email_addresses: stored.unique_email_addresses,
    job_status: { pending, processing, completed, failed },
    verification_status,
    total_catchall: verification_status.catchall,
    total_role_based: verification_status.role_based,
    total_disposable_domain_emails: verification_status.disposable_domain_emails,
    last_verification_requested_at: stored.last_verification_requested_at,
    last_verification_completed_at: stored.last_verification_completed_at,
  };
}

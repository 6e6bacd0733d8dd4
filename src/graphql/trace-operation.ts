import { context, type Tracer, trace } from "@opentelemetry/api";
import type { OperationDefinitionNode } from "graphql";
import { runInSpan } from "../metrics/tracing.ts";
import { rootFieldOf } from "./operation-metrics.plugin.ts";

/** Runs an operation in a span, which is named after the root field, because callers choose the name of the operation. */
export function traceOperation<T>(
  tracer: Tracer,
  operation: OperationDefinitionNode,
  execute: () => Promise<T>,
): Promise<T> {
  const type = operation.operation;
  const attributes = { "graphql.operation.type": type };
  const span = tracer.startSpan(`${type} ${rootFieldOf(operation)}`, { attributes });
  return context.with(trace.setSpan(context.active(), span), () => runInSpan(span, execute));
}

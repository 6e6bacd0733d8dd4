import { setTimeout as sleep } from "node:timers/promises";
import { key, taskId, url } from "./settings.ts";

interface Task {
  readonly metrics: { readonly total_email_addresses: number; readonly progress_percent: number };
}

/** Statuses that may be different a moment later. */
const TRANSIENT = [429, 502, 503, 504];

/** Resolves when the task differs from the version of an ETag, or after 25 seconds with 304. Null if there is no response. */
async function ask(etag: string | null): Promise<Response | null> {
  const headers = {
    Authorization: `Bearer ${key}`,
    ...(etag !== null && { "If-None-Match": etag, Prefer: "wait=25" }),
  };
  try {
    return await fetch(`${url}/api/v1/tasks/${taskId}`, { headers, signal: AbortSignal.timeout(40_000) });
  } catch {
    return null;
  }
}

let etag: string | null = null;
for (;;) {
  const response = await ask(etag);
  if (response === null || TRANSIENT.includes(response.status)) {
    await sleep(Number(response?.headers.get("retry-after") ?? 1) * 1000);
  } else if (response.ok) {
    const { metrics }: Task = await response.json();
    console.log(`${metrics.progress_percent} % of ${metrics.total_email_addresses} addresses are done`);
    if (metrics.progress_percent === 100) break;
    etag = response.headers.get("etag");
  } else if (response.status !== 304) {
    throw new Error(`${response.status} ${await response.text()}`);
  }
}

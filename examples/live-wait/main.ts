import { key, taskId, url } from "./settings.ts";

interface Task {
  readonly metrics: {
    readonly total_email_addresses: number;
    readonly progress_percent: number;
  };
}

let etag: string | null = null;
for (;;) {
  const response: Response = await fetch(`${url}/api/v1/tasks/${taskId}`, {
    headers: {
      Authorization: `Bearer ${key}`,
      // The server answers when the task differs from this version, or after 25 seconds with 304.
      ...(etag !== null && { "If-None-Match": etag, Prefer: "wait=25" }),
    },
    signal: AbortSignal.timeout(40_000),
  });
  if (response.status === 304) continue;
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { metrics }: Task = await response.json();
  console.log(`${metrics.progress_percent} % of ${metrics.total_email_addresses} addresses are done`);
  if (metrics.progress_percent === 100) break;
  etag = response.headers.get("etag");
}

import { key, taskId, url } from "./settings.ts";

interface Job {
  readonly id: string;
  readonly email?: { readonly status: string };
}

/** Yields all jobs of the task. An empty `after` starts paging by cursor, which neither skips nor repeats a job. */
async function* allJobs(): AsyncGenerator<Job> {
  let next: string | undefined = `${url}/api/v1/tasks/${taskId}/jobs?limit=100&after=`;
  while (next !== undefined) {
    const response: Response = await fetch(next, { headers: { Authorization: `Bearer ${key}` } });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    const page: { jobs: Job[] } = await response.json();
    yield* page.jobs;
    next = nextPage(response);
  }
}

/** The target of `Link: <…>; rel="next"` (RFC 8288), which is relative to the address of the request. */
function nextPage(response: Response): string | undefined {
  const target = /<([^>]*)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  return target === undefined ? undefined : new URL(target, response.url).href;
}

const results = new Map<string, number>();
let count = 0;
for await (const { email } of allJobs()) {
  const status = email?.status ?? "no result";
  results.set(status, (results.get(status) ?? 0) + 1);
  count += 1;
}
console.log(`${count} jobs`);
for (const [status, jobs] of results) console.log(`  ${status}: ${jobs}`);

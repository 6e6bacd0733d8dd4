import axios, { isAxiosError } from "axios";
import { key, taskId, url } from "./settings.ts";

interface JobPage {
  readonly jobs: { readonly status: string; readonly email?: { readonly status: string } }[];
  readonly count: number;
}

const api = axios.create({ baseURL: `${url}/api/v1`, headers: { Authorization: `Bearer ${key}` }, timeout: 10_000 });

// axios writes a list as `status[]=completed&status[]=failed`, which the server accepts.
const { data } = await api.get<JobPage>(`/tasks/${taskId}/jobs`, {
  params: { limit: 5, status: ["completed", "failed"] },
});
console.log(`${data.count} jobs are done. The newest ${data.jobs.length}:`);
for (const job of data.jobs) console.log(`  ${job.status}, ${job.email?.status ?? "no result"}`);

try {
  await api.get(`/tasks/${taskId}/jobs`, { params: { limit: 1000 } });
} catch (error) {
  if (!isAxiosError(error) || error.response === undefined) throw error;
  const { code, details } = error.response.data.error;
  console.log(
    `A wrong parameter is refused: ${error.response.status} ${code}, ${details[0].field} ${details[0].reason}`,
  );
}

import { onTestFinished } from "vitest";
import { aTask } from "./builders.ts";
import { startTestServer } from "./test-server.ts";

/** Starts a server with a rate limit, a user with a task, and a fetch of their page from another address. */
export async function limited(environment: Record<string, string>) {
  const server = await startTestServer({ environment });
  onTestFinished(() => server.close());
  const viewer = await server.as();
  const path = `/api/v1/tasks/${await aTask(server.sql, { user_id: viewer.userId })}/jobs`;
  const from = (address: string, headers: Record<string, string> = {}) =>
    fetch(server.url + path, { headers: { "X-Forwarded-For": address, ...headers } });
  return { server, viewer, path, from };
}

export const statusesOf = (responses: readonly Response[]) => responses.map(({ status }) => status).sort();

export const times = <T>(count: number, work: () => Promise<T>) => Promise.all(Array.from({ length: count }, work));

export async function oneAfterAnother<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  for (let i = 0; i < count; i++) done.push(await work());
  return done;
}

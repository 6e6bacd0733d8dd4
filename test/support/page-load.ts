import { setTimeout as sleep } from "node:timers/promises";

/** A response under load, with the times of its request and its arrival. */
export interface LoadedPage {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly isRight: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
}

interface Load {
  readonly clients: number;
  /** Requests a page, and tells whether a response with status 200 is right. */
  readonly request: () => Promise<Response>;
  readonly isRight: (body: string) => boolean;
}

/** Sends requests from several clients, each after the response to the one before, until `stop` is called. */
export function loadPages({ clients, request, isRight }: Load) {
  const pages: LoadedPage[] = [];
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      const startedAt = performance.now();
      const response = await request();
      const body = await response.text();
      pages.push({
        status: response.status,
        retryAfter: response.headers.get("retry-after"),
        isRight: response.status !== 200 || isRight(body),
        startedAt,
        endedAt: performance.now(),
      });
      await sleep(response.status === 200 ? 5 : 50);
    }
  };
  const running = Array.from({ length: clients }, client);
  return {
    async stop() {
      isOver = true;
      await Promise.all(running);
      return pages;
    },
  };
}

export const failedOf = (pages: readonly LoadedPage[]) => pages.filter(({ status }) => status !== 200);
export const wrongOf = (pages: readonly LoadedPage[]) => pages.filter(({ isRight }) => !isRight);

import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const PER_SECOND = 20;

/** Requests pages at a constant rate, whatever the response times. Resolves to the status and time of each request. */
export async function askAsVictim({ origin, victim, agent, seconds }) {
  const url = `${origin}/api/v1/tasks/${victim.taskId}/jobs`;
  const answers = [];
  const startedAt = performance.now();
  for (let index = 0; index < seconds * PER_SECOND; index++) {
    await delay(Math.max(0, startedAt + (index * 1000) / PER_SECOND - performance.now()));
    answers.push(get(url, victim.key, agent));
  }
  return Promise.all(answers);
}

function get(url, key, agent) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const end = (status) => resolve({ status, ms: performance.now() - startedAt });
    const request = http.get(url, { agent, headers: { Authorization: `Bearer ${key}` } });
    request.on("response", (response) => {
      response.resume();
      response.on("close", () => end(response.statusCode));
    });
    request.on("error", (/** @type {NodeJS.ErrnoException} */ error) => end(error.code ?? "error"));
  });
}

export function summaryOf(answers) {
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const quantile = (share) => times[Math.max(0, Math.ceil(times.length * share) - 1)];
  return {
    requests: answers.length,
    shareOf200: answers.filter(({ status }) => status === 200).length / answers.length,
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}

import { EventSource, type FetchLike } from "eventsource";
import { key, taskId, url } from "./settings.ts";

// The EventSource of browsers cannot send headers. This one can, and works in browsers and in Node.
const withKey: FetchLike = (address, init) =>
  fetch(address, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${key}` } });

// After a broken connection it connects again by itself, and sends the id of the last event in Last-Event-ID.
const events = new EventSource(`${url}/api/v1/tasks/${taskId}/events`, { fetch: withKey });

let changes = 0;
events.addEventListener("job", () => {
  changes += 1;
});
events.addEventListener("progress", ({ data }) => {
  console.log(`${JSON.parse(data).progress_percent} % done`);
});
events.addEventListener("complete", () => {
  console.log(`The task is complete, after ${changes} jobs and changes of jobs.`);
  events.close();
});
events.addEventListener("failure", ({ data }) => {
  console.error(`The server ended the stream: ${data}`);
  process.exitCode = 1;
  events.close();
});
events.addEventListener("error", ({ code, message }) => {
  // A response such as 401 or 404 ends the EventSource. After any other error it connects again.
  if (events.readyState === EventSource.CLOSED) {
    console.error(`${code} ${message}`);
    process.exitCode = 1;
  }
});

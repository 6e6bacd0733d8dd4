import { afterEach } from "vitest";
import { connectSocket, MAX_WAIT_MS, readOperation, resultReader, type TestSocket } from "./socket-reader.ts";

/** One server-sent event. */
interface ReceivedEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

export type EventReader = ReturnType<typeof readEvents>;

/** Reads the server-sent events of a response one after another. */
function readEvents(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let comments = 0;

  function takeEvent(): ReceivedEvent | undefined {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end === -1) return undefined;
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim();
      comments += lines.filter((line) => line.startsWith(":")).length;
      const event = field("event");
      if (event !== undefined) return { event, data: field("data") ?? "", id: field("id") };
    }
  }

  /** The next event, `end` after the end of the response, or `cut` if the connection was closed before it. */
  async function next(ms = MAX_WAIT_MS): Promise<ReceivedEvent> {
    const until = performance.now() + ms;
    for (;;) {
      const event = takeEvent();
      if (event !== undefined) return event;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no event within ${ms} ms`)), until - performance.now());
      });
      try {
        const { done, value } = await Promise.race([reader.read(), late]);
        if (done) return { event: "end", data: "", id: undefined };
        text += value;
      } catch (error) {
        if ((error as Error).message.startsWith("no event")) throw error;
        return { event: "cut", data: "", id: undefined };
      } finally {
        clearTimeout(timer);
      }
    }
  }

  return {
    next,
    result: resultReader(next),
    comments: () => comments,
    close: () => reader.cancel(),
  };
}

export const PROGRESS =
  "subscription ($id: UUID!) { taskProgress(taskId: $id) { total pending completed isComplete } }";
export const CHANGES = `subscription ($id: UUID!, $after: String, $first: Int) {
  taskJobChanges(taskId: $id, after: $after, first: $first) {
    nodes { id statusWord } pageInfo { endCursor hasNextPage }
  }
}`;

interface User {
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
}

interface SocketUser extends User {
  readonly url: string;
  readonly key: string;
}

export const TRANSPORTS = ["sse", "websocket"] as const;

/** Opens event streams, and closes them after each test. */
export function subscriber() {
  const readers: EventReader[] = [];
  const sockets = new Map<SocketUser, TestSocket>();
  let operations = 0;
  afterEach(async () => {
    await Promise.all(readers.splice(0).map((reader) => reader.close().catch(() => {})));
    await Promise.all([...sockets.values()].map((socket) => socket.close()));
    sockets.clear();
  });
  async function open(user: User, path: string, init: RequestInit) {
    const response = await user.get(path, { ...init, headers: { Accept: "text/event-stream", ...init.headers } });
    const reader = readEvents(response);
    readers.push(reader);
    return { response, reader };
  }
  async function postSubscription(user: User, body: object) {
    return open(user, "/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  }
  const subscribe = (user: User, query: string, variables: object = {}) => postSubscription(user, { query, variables });
  /** All operations of a user share one connection. */
  async function subscribeBySocket(user: SocketUser, query: string, variables: object = {}) {
    const connected =
      sockets.get(user) ??
      (await connectSocket({ ...user, connectionParams: { authorization: `Bearer ${user.key}` } }));
    sockets.set(user, connected);
    operations += 1;
    const id = String(operations);
    connected.send({ type: "subscribe", id, payload: { query, variables } });
    return { reader: readOperation(connected, id) };
  }
  return {
    open: (user: User, path: string, headers: Record<string, string> = {}) => open(user, path, { headers }),
    /** Sends the body of a GraphQL request, which may have the id of a trusted document instead of a text. */
    postSubscription,
    subscribe,
    /** Sends an operation by a transport. */
    by: (transport: (typeof TRANSPORTS)[number]) => (transport === "sse" ? subscribe : subscribeBySocket),
  };
}

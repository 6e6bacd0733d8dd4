import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

/** Enough for a page of jobs. Only the beginning of a longer export or stream is checked. */
const MAX_BYTES = 2_000_000;
const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync };

type Contract = typeof import("../../tools/support/rest-contract.mjs");

/**
 * Compares every REST response of a server with openapi.json, for any client. `check` throws if a response
 * differed, and is called when the server closes, so that no test can forget it.
 */
export function watchContract(server: Server) {
  const faults = new Set<string>();
  const pending: Promise<void>[] = [];
  let contract: Promise<Contract> | undefined;

  function compare(answer: Parameters<Contract["faultsOfAnswer"]>[0]): void {
    // The first response loads the rules, because many test files send no REST request.
    contract ??= import("../../tools/support/rest-contract.mjs");
    const compared = contract.then(({ faultsOfAnswer }) => faultsOfAnswer(answer));
    pending.push(
      compared.then(
        (found) => {
          for (const fault of found) faults.add(fault);
        },
        (error: unknown) => void faults.add(String(error)),
      ),
    );
  }

  function watchResponse(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url: target = "" } = request;
    if (/^\/graphi?ql/i.test(target)) return;
    const body = recordBody(response);
    response.once("close", () => {
      if (!response.headersSent) return;
      const isComplete = response.writableFinished && body.isWhole();
      const headers = Object.fromEntries(
        Object.entries(response.getHeaders()).map(([name, value]) => [name, `${value}`]),
      );
      const text = method === "HEAD" ? "" : body.text();
      compare({ method, target, status: response.statusCode, headers, text, isComplete });
    });
  }

  function watchSocket(socket: Socket): void {
    const end = socket.end.bind(socket) as (...args: unknown[]) => Socket;
    // Only the response to a malformed request is written to the socket as a whole.
    socket.end = (...args: unknown[]) => {
      if (typeof args[0] === "string") compare(parseResponse(args[0]));
      return end(...args);
    };
  }

  // A listener would be one more in `server.listeners`, which some tests read.
  const emit = server.emit.bind(server) as (event: string, ...args: unknown[]) => boolean;
  server.emit = (event: string, ...args: unknown[]) => {
    if (event === "request") watchResponse(args[0] as IncomingMessage, args[1] as ServerResponse);
    if (event === "connection") watchSocket(args[0] as Socket);
    return emit(event, ...args);
  };

  return {
    async check(): Promise<void> {
      while (pending.length > 0) await pending.shift();
      if (faults.size > 0) throw new Error(`Responses differ from openapi.json:\n${[...faults].join("\n")}`);
    },
  };
}

/** Records the bytes that a response sends, and leaves them as they are. */
function recordBody(response: ServerResponse) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const record = (chunk: unknown) => {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return;
    const buffer = Buffer.from(chunk as string);
    bytes += buffer.length;
    if (bytes <= MAX_BYTES) chunks.push(buffer);
  };
  for (const method of ["write", "end"] as const) {
    const original = response[method].bind(response) as (...args: unknown[]) => never;
    response[method] = (...args: unknown[]) => {
      record(args[0]);
      return original(...args);
    };
  }
  const isWhole = () => bytes <= MAX_BYTES;
  return {
    isWhole,
    text(): string {
      const encoding = String(response.getHeader("content-encoding")) as keyof typeof DECODERS;
      const decode = DECODERS[encoding];
      if (decode === undefined) return Buffer.concat(chunks).toString();
      return isWhole() && response.writableFinished && bytes > 0 ? decode(Buffer.concat(chunks)).toString() : "";
    },
  };
}

/** The request of such a response is unknown, so it is compared as that of an unknown path. */
function parseResponse(response: string) {
  const [head = "", text = ""] = response.split("\r\n\r\n", 2);
  const [statusLine = "", ...lines] = head.split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => [line.split(":", 1)[0]?.toLowerCase(), line.split(": ")[1]]));
  const isGraphql = text.startsWith('{"errors"');
  const target = isGraphql ? "/graphql" : "/malformed";
  return { method: "GET", target, status: Number(statusLine.split(" ")[1]), headers, text };
}

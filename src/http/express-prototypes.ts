import { IncomingMessage, ServerResponse } from "node:http";
import type { Express, Response } from "express";
import type { BufferLimit } from "./response/buffer-limit.ts";

/** Node has no event for it, and a `writeHead` put on one response is a property that the others do not have. */
export const RESPONSE_START = "answerBegins";

interface WithPrototypes {
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * For `createServer`: requests and responses that have Express' prototypes from birth. Express sets them on every one
 * (`Object.setPrototypeOf`), which is nothing where they are there already, and otherwise costs V8 their shapes: behind
 * it 40 % of what a request allocated outlived the young generation. A bare Express went 12,000 times a second and goes
 * 73,000; a page of 10 took 0.76 ms of CPU and takes 0.61. A constructor by `Reflect.construct` is slower than either.
 */
export function expressMessages(app: Express, unread: BufferLimit) {
  const prototypes: WithPrototypes = app as unknown as WithPrototypes;
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {
    // Typed as the shortest of its overloads: the others pass through it as well.
    override writeHead(...head: [number]): this {
      this.emit(RESPONSE_START);
      return super.writeHead(...head);
    }
    override write(...chunk: [unknown]): boolean {
      const hasRoom = super.write(...chunk);
      unread.noteWritten(this);
      return hasRoom;
    }
    override end(...chunk: [unknown?]): this {
      super.end(...chunk);
      unread.noteWritten(this);
      return this;
    }
  }
  Object.setPrototypeOf(ExpressRequest.prototype, prototypes.request);
  Object.setPrototypeOf(ExpressResponse.prototype, prototypes.response);
  Object.defineProperty(ExpressResponse.prototype, "send", { value: withoutCopies(app.response.send), writable: true });
  prototypes.request = ExpressRequest.prototype;
  prototypes.response = ExpressResponse.prototype;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}

/**
 * Sends the JSON as a string, because Express would copy it into a Buffer. V8 collects Buffers late, while Node frees the
 * bytes of a string with its socket.
 */
function withoutCopies(send: Response["send"]): Response["send"] {
  return function sendText(this: Response, body) {
    const isJson = String(this.getHeader("Content-Type")).includes("json");
    return isJson && typeof body === "string" ? this.end(body) : send.call(this, body);
  };
}

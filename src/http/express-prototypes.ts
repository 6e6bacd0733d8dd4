import { IncomingMessage, ServerResponse } from "node:http";
import type { Express, Response } from "express";
import type { BufferLimit } from "./response/buffer-limit.ts";
import { isWebSocketHandshake } from "./web-socket/handshake.ts";

interface ExpressPrototypes {
  request: IncomingMessage;
  response: ServerResponse;
}

interface UpgradeRequest extends IncomingMessage {
  asksForUpgrade: boolean;
}

/**
 * The message classes for `createServer`, which have Express' prototypes from the start. Express would otherwise replace the
 * prototype of every request and response, which makes V8 slower (expressjs/express#5998, `docs/measurements/benchmarks.md`).
 */
export function expressMessageClasses(app: Express, buffers: BufferLimit) {
  const prototypes = app as unknown as ExpressPrototypes;
  class ExpressRequest extends IncomingMessage {}
  // Node reads this property to choose between `request` and `upgrade`. Node 24.9 has `shouldUpgradeCallback` instead.
  Object.defineProperty(ExpressRequest.prototype, "upgrade", {
    get(this: UpgradeRequest): boolean {
      return this.asksForUpgrade && (this.method === "CONNECT" || isWebSocketHandshake(this));
    },
    set(this: UpgradeRequest, value: boolean | null) {
      this.asksForUpgrade = value === true;
    },
  });
  class ExpressResponse extends ServerResponse {
    // Both signatures name only the shortest overload, but all arguments are passed on.
    override write(...chunk: [unknown]): boolean {
      const isBelowHighWaterMark = super.write(...chunk);
      buffers.recordWrite(this);
      return isBelowHighWaterMark;
    }
    override end(...chunk: [unknown?]): this {
      super.end(...chunk);
      buffers.recordWrite(this);
      return this;
    }
  }
  Object.setPrototypeOf(ExpressRequest.prototype, prototypes.request);
  Object.setPrototypeOf(ExpressResponse.prototype, prototypes.response);
  Object.defineProperty(ExpressResponse.prototype, "send", {
    value: sendJsonAsString(app.response.send),
    writable: true,
  });
  prototypes.request = ExpressRequest.prototype;
  prototypes.response = ExpressResponse.prototype;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}

/**
 * Sends JSON as a string, because Express would copy it into a Buffer. V8 collects Buffers late, while Node frees a string
 * as soon as the socket has sent it.
 */
function sendJsonAsString(send: Response["send"]): Response["send"] {
  return function sendText(this: Response, body) {
    const isJson = String(this.getHeader("Content-Type")).includes("json");
    return isJson && typeof body === "string" ? this.end(body) : send.call(this, body);
  };
}

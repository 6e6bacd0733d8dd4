import { CloseCode, type SubscribePayload } from "graphql-ws";
import type { WebSocket } from "ws";
import type { Credentials } from "../../auth/authenticate.ts";
import { Failure } from "../../errors.ts";
import { noteTrace, traceOf } from "../../log.ts";
import { createOperationResults } from "./operation-results.ts";
import { OperationResponse } from "./socket-credentials.ts";
import type { OperationOwner, RunOperation } from "./socket-operation.ts";
import type { SocketHandler } from "./socket-protocol.ts";

/** The close code of RFC 6455 for a server that stops. Clients reconnect after this code and after TRY_AGAIN_LATER. */
const GOING_AWAY = 1001;
/** The close code in the registry of IANA for a server that cannot serve the connection now. */
const TRY_AGAIN_LATER = 1013;

interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly requestId: string;
  readonly ip: string | undefined;
  readonly maxOperations: number;
  readonly runOperation: RunOperation;
  /** Checks and counts the credential. Throws a Failure if it is refused. */
  readonly authenticate: (connectionParams: Record<string, unknown> | undefined) => Promise<Credentials>;
  readonly onOperation: () => void;
}

export type SocketConnection = ReturnType<typeof createSocketConnection>;

/** The state of one connection: its credential, and its operations. */
export function createSocketConnection(options: ConnectionOptions) {
  const { socket, requestId, ip, maxOperations, runOperation, authenticate, onOperation } = options;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let credentials: Credentials | null = null;
  let operations = 0;
  /** The number of operations that have not ended. */
  let running = 0;
  /** The operations that have not become a subscription yet, which a stop waits for. */
  let starting = 0;
  let isStopping = false;
  let isRejected = false;

  function closeForFailure({ kind, message }: Failure): void {
    socket.close(kind === "UNAUTHENTICATED" ? CloseCode.Unauthorized : TRY_AGAIN_LATER, message);
  }

  /** Waits until the last messages of the operations are on their way. */
  function closeIfDone(): void {
    setImmediate(() => {
      if (isStopping && starting === 0) socket.close(GOING_AWAY, "The server stops");
      else if (isRejected && running === 0) closeForFailure(new Failure("UNAUTHENTICATED"));
    });
  }

  function createOwner(current: Credentials, isAboveLimit: boolean): OperationOwner {
    let isStarting = false;
    return {
      credentials: current,
      ip,
      closed,
      exceededMaxOperations: isAboveLimit ? maxOperations : null,
      isStopping: () => isStopping,
      beginStart() {
        isStarting = true;
        starting += 1;
      },
      endStart() {
        if (isStarting) starting -= 1;
        isStarting = false;
        closeIfDone();
      },
      rejectCredential() {
        isRejected = true;
      },
    };
  }

  const handler: SocketHandler = {
    async connect(connectionParams) {
      try {
        credentials = await authenticate(connectionParams);
        return true;
      } catch (error) {
        closeForFailure(error as Failure);
        return false;
      }
    },

    subscribe(payload: SubscribePayload, whenSent: () => Promise<void>) {
      const response = new OperationResponse();
      operations += 1;
      running += 1;
      onOperation();
      return createOperationResults({
        results: run(payload, response),
        whenSent,
        abort: () => response.close(),
        onEnd() {
          running -= 1;
          closeIfDone();
        },
      });
    },
  };

  function run(payload: SubscribePayload, response: OperationResponse) {
    const { query, operationName, variables } = payload;
    if (credentials === null) throw new Error("An operation began before its connection was authenticated");
    const operation = { query, operationName: operationName ?? undefined, variables: variables ?? undefined };
    const owner = createOwner(credentials, running > maxOperations);
    const operationId = `${requestId}.${operations}`;
    // The trace of the handshake is that of all operations.
    const trace = traceOf(requestId);
    if (trace !== undefined) response.once("close", noteTrace(operationId, trace));
    return runOperation({ operation, parameters: { ...payload }, owner, requestId: operationId, response });
  }

  return {
    handler,
    closed,
    isIdentified: () => credentials !== null,

    /** Ends the subscriptions, and closes the connection after the results of running queries. */
    stop(): void {
      isStopping = true;
      closeIfDone();
    },
  };
}

import { reasonOf } from "../error-reason.ts";
import { isTemporaryOutage, NoSuitableServer } from "../faults.ts";
import { describeServer, type ServerAddress } from "./server-list.ts";
import type { Answer } from "./server-probe.ts";
import type { SessionTarget } from "./session-target.ts";

export type AnswerOfServer = readonly [server: ServerAddress, answer: Answer];

/** The error of a search: the first error that only an operator can resolve, or else the states of all servers. */
export function noSuitableServer(target: SessionTarget, answers: readonly AnswerOfServer[]): unknown {
  const errors = answers.flatMap(([, answer]) => ("error" in answer ? [answer.error] : []));
  const lasting = errors.find((error) => !isTemporaryOutage(error));
  if (lasting !== undefined) return lasting;
  const found = answers.map(([server, answer]) => `${describeServer(server)} ${describeAnswer(answer)}`);
  return new NoSuitableServer(`no server for target_session_attrs=${target}: ${found.join(", ") || "none answered"}`);
}

function describeAnswer(answer: Answer): string {
  if ("error" in answer) return `failed (${reasonOf(answer.error)})`;
  if (answer.isStandby) return "is a standby";
  return answer.isReadOnly ? "is read-only" : "is a primary";
}

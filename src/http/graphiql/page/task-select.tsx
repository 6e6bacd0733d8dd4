import { pick, useGraphiQL } from "@graphiql/react";
import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { AcceptedAccount } from "./account.ts";
import { isRefusal } from "./refusal.ts";
import { PLACEHOLDER_TASK_ID } from "./settings.ts";
import { readKnownTasks, type TabStorage, writeKnownTasks } from "./tab-storage.ts";
import { useTabRewrite } from "./use-tab-rewrite.ts";

interface TaskSelectProps {
  /** Null until the server has accepted the key. */
  readonly account: AcceptedAccount | null;
  /** The demo's task if the key is not the demo's key. */
  readonly foreignTaskId: string | null;
  readonly storage: TabStorage;
  readonly slot: HTMLElement | null;
}

/** The `taskId` of the active tab's variables. Choosing a task writes its id into the variables of every tab. */
export function TaskSelect({ account, foreignTaskId, storage, slot }: TaskSelectProps) {
  const { tabs, activeTabIndex } = useGraphiQL(pick("tabs", "activeTabIndex"));
  const rewrite = useTabRewrite();
  const latestRewrite = useRef(rewrite);
  latestRewrite.current = rewrite;
  const [chosen, setChosen] = useState("");

  const lastUserId = useRef<string | null>(null);
  const isReady = rewrite !== null;
  const { userId = null, isAdmin = false, tasks = NO_TASKS } = account ?? {};
  useEffect(() => {
    if (!isReady) return;
    // Only a newly accepted key makes an earlier refusal obsolete.
    const isNewKey = lastUserId.current !== userId;
    lastUserId.current = userId;
    if (userId === null) return;
    const own = tasks.map(({ id }) => id);
    const known = readKnownTasks(storage);
    const ofOthers = isAdmin ? [] : [foreignTaskId, ...(known.userId === userId ? [] : known.taskIds)];
    const newest = own[0] ?? PLACEHOLDER_TASK_ID;
    // A tab may name a task on purpose, so its task is replaced only if this user cannot read the task.
    const isReplaced = (id: string) => id === PLACEHOLDER_TASK_ID || (ofOthers.includes(id) && !own.includes(id));
    latestRewrite.current?.(({ variables, response }) => ({
      variables: replaceTaskId(variables, newest, isReplaced),
      response: isNewKey && isRefusal(response) ? "" : response,
    }));
    writeKnownTasks(storage, { userId, taskIds: own });
  }, [isReady, userId, isAdmin, tasks, foreignTaskId, storage]);

  function choose(taskId: string) {
    setChosen(taskId);
    rewrite?.((values) => ({ ...values, variables: replaceTaskId(values.variables, taskId, () => true) }));
  }

  if (slot === null || tasks.length === 0) return null;
  const ofTab = taskIdIn(tabs[activeTabIndex]?.variables);
  // A tab without the variable shows the task that the other tabs use.
  const candidates = ofTab === "" ? [chosen, ...tabs.map(({ variables }) => taskIdIn(variables))] : [ofTab];
  const current = candidates.find((id) => tasks.some((task) => task.id === id)) ?? "";
  return createPortal(
    <label>
      Task
      <select value={current} onChange={(event) => choose(event.target.value)}>
        <option value="" disabled>
          Choose a task for all tabs
        </option>
        {tasks.map(({ id, source, createdAt }) => (
          <option key={id} value={id}>
            {`${source ?? "task"} · ${createdAt.slice(0, 10)} · ${id.slice(0, 8)}`}
          </option>
        ))}
      </select>
    </label>,
    slot,
  );
}

const NO_TASKS: AcceptedAccount["tasks"] = [];
const TASK_ID = /(?<="taskId"\s*:\s*")[^"]*(?=")/g;

function replaceTaskId(variables: string, taskId: string, isReplaced: (id: string) => boolean): string {
  return variables.replace(TASK_ID, (id) => (isReplaced(id) ? taskId : id));
}

function taskIdIn(variables: string | null | undefined): string {
  return variables?.match(TASK_ID)?.[0] ?? "";
}

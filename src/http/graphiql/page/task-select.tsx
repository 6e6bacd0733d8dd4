import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef } from "react";
import { createPortal } from "react-dom";
import type { TaskChoice } from "./account.ts";
import { PLACEHOLDER_TASK_ID } from "./settings.ts";

interface TaskSelectProps {
  readonly tasks: readonly TaskChoice[];
  readonly slot: HTMLElement | null;
}

/** The `taskId` of the active tab's variables. Choosing a task writes its id into the variables of every tab. */
export function TaskSelect({ tasks, slot }: TaskSelectProps) {
  const { tabs, activeTabIndex, variableEditor, queryEditor } = useGraphiQL(
    pick("tabs", "activeTabIndex", "variableEditor", "queryEditor"),
  );
  const { moveTab } = useGraphiQLActions();
  const isReady = variableEditor !== undefined && queryEditor !== undefined;

  function setTaskId(taskId: string, isReplaced: (id: string) => boolean) {
    const withTask = (variables: string) => replaceTaskId(variables, taskId, isReplaced);
    const active = variableEditor?.getValue() ?? "";
    if (tabs.some(({ variables }, index) => index !== activeTabIndex && variables !== withTask(variables ?? ""))) {
      moveTab(
        tabs.map((tab, index) =>
          index === activeTabIndex ? tab : { ...tab, variables: withTask(tab.variables ?? "") },
        ),
      );
    }
    if (withTask(active) !== active) variableEditor?.setValue(withTask(active));
  }

  const newest = tasks[0]?.id;
  // Without a choice by the user, replace only the placeholder: a tab may name a task on purpose.
  const latestSetTaskId = useRef(setTaskId);
  latestSetTaskId.current = setTaskId;
  useEffect(() => {
    if (isReady && newest !== undefined) latestSetTaskId.current(newest, (id) => id === PLACEHOLDER_TASK_ID);
  }, [isReady, newest]);

  if (slot === null || tasks.length === 0) return null;
  const current = taskIdIn(tabs[activeTabIndex]?.variables ?? "");
  const known = tasks.some(({ id }) => id === current) ? current : "";
  return createPortal(
    <label>
      Task
      <select value={known} onChange={(event) => setTaskId(event.target.value, () => true)}>
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

const TASK_ID = /("taskId"\s*:\s*")([^"]*)(")/g;

function replaceTaskId(variables: string, taskId: string, isReplaced: (id: string) => boolean): string {
  return variables.replace(TASK_ID, (all, before, id, after) => (isReplaced(id) ? before + taskId + after : all));
}

function taskIdIn(variables: string): string {
  return /"taskId"\s*:\s*"([^"]*)"/.exec(variables)?.[1] ?? "";
}

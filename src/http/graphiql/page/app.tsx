import "./monaco-environment.ts";
import { GraphiQL } from "graphiql";
import { type ComponentProps, useCallback, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { tasksIn } from "./account.ts";
import { ActiveTabScroll } from "./active-tab-scroll.tsx";
import { keepKey } from "./api-key.ts";
import { createBrowserStorage } from "./browser-storage.ts";
import { provideClipboard } from "./clipboard.ts";
import { exampleTabs } from "./examples.ts";
import { createFetcher } from "./fetcher.ts";
import { LinkedOperation } from "./linked-operation.tsx";
import { readLinkedTab } from "./linked-tab.ts";
import { refusalOf } from "./refusal.ts";
import { LinkButton, type Pane, PaneSwitch, Shortcuts } from "./session-tools.tsx";
import { type PageSettings, PLACEHOLDER_TASK_ID, pageRoot, readSettings } from "./settings.ts";
import { createTabStorage, readActiveTab } from "./tab-storage.ts";
import { TaskSelect } from "./task-select.tsx";
import { TopBar } from "./top-bar.tsx";
import { useAccount } from "./use-account.ts";
import { useNotice } from "./use-notice.ts";

/** A constant, because GraphiQL closes the documentation when it receives another array. */
const NO_PLUGINS: never[] = [];

/** The state that is read once, when the page opens. */
function readSession({ demoApiKey, demoTaskId }: PageSettings) {
  const taskId = demoTaskId ?? PLACEHOLDER_TASK_ID;
  const keptKey = keepKey(createBrowserStorage("sessionStorage"), demoApiKey);
  const lasting = createBrowserStorage("localStorage");
  const storage = createTabStorage(lasting, taskId, keptKey.clear);
  const linked = readLinkedTab(location.search);
  // GraphiQL now stores the tab, so a reload must show its edits instead of the link.
  if (linked !== null && lasting.isLasting) history.replaceState(null, "", location.pathname);
  const examples = exampleTabs(taskId, demoTaskId === null ? "tasks" : "jobs");
  const tabs = linked === null ? examples : ([linked, ...examples] as const);
  return { keptKey, storage, linked, tabs, activeTab: linked ?? readActiveTab(storage) ?? tabs[0] };
}

function App({ settings }: { settings: PageSettings }) {
  const [{ keptKey, storage, linked, tabs, activeTab }] = useState(() => readSession(settings));
  const { apiKey, setApiKey, currentKey, account, check, addTasks } = useAccount(settings.endpoint, keptKey);
  const [pane, setPane] = useState<Pane>("Query");
  const [taskSlot, setTaskSlot] = useState<HTMLElement | null>(null);
  const [notice, notify] = useNotice();

  // GraphiQL reads the schema again when its fetcher changes, so an accepted key loads the documentation.
  const accepted = account.state === "accepted" ? account : null;
  const acceptedUser = accepted?.userId ?? null;
  const refusal = useMemo(() => refusalOf(account), [account]);
  const fetcher = useMemo(
    () =>
      createFetcher({
        endpoint: settings.endpoint,
        currentKey,
        isKeyAccepted: acceptedUser !== null,
        refusal,
        onRun: () => setPane("Result"),
        onAnswer: (response) => addTasks(tasksIn(response)),
      }),
    [settings, currentKey, acceptedUser, refusal, addTasks],
  );
  const confirmCopy = useCallback(() => notify("The operation is copied."), [notify]);

  return (
    <div className="page" data-pane={pane} data-account={account.state}>
      <TopBar apiKey={apiKey} account={account} onKey={setApiKey} onSubmit={check} taskSlot={setTaskSlot} />
      <GraphiQL
        // GraphiQL's type wants instances of GraphQLError, but responses contain JSON.
        fetcher={fetcher as ComponentProps<typeof GraphiQL>["fetcher"]}
        storage={storage}
        defaultTabs={[...tabs]}
        initialQuery={activeTab.query}
        initialVariables={activeTab.variables}
        onCopyQuery={confirmCopy}
        // The history plugin is left out for the same reason: it writes the headers of every request to localStorage.
        shouldPersistHeaders={false}
        plugins={NO_PLUGINS}
      >
        <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
        <GraphiQL.Toolbar>
          {({ prettify, merge, copy }) => (
            <>
              {prettify}
              {merge}
              {copy}
              <LinkButton notify={notify} />
            </>
          )}
        </GraphiQL.Toolbar>
        <TaskSelect
          account={accepted}
          foreignTaskId={apiKey === settings.demoApiKey ? null : settings.demoTaskId}
          storage={storage}
          slot={taskSlot}
        />
        <ActiveTabScroll />
        <PaneSwitch pane={pane} setPane={setPane} />
        <Shortcuts />
        {linked?.operationName && <LinkedOperation name={linked.operationName} />}
      </GraphiQL>
      <p className="notice" role="status">
        {notice}
      </p>
    </div>
  );
}

provideClipboard();
const root = pageRoot();
createRoot(root).render(<App settings={readSettings(root)} />);

import "./monaco-environment.ts";
import { GraphiQL } from "graphiql";
import { useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { exampleTabs } from "./examples.ts";
import { createFetcher } from "./fetcher.ts";
import { type PageSettings, presetHeaders, presetTaskId, readSettings } from "./settings.ts";
import { openTabStorage, readActiveTab } from "./tab-storage.ts";

function App({ settings }: { settings: PageSettings }) {
  const [schemaRefusal, setSchemaRefusal] = useState<string | null>(null);
  const [schemaAttempt, setSchemaAttempt] = useState(1);

  // GraphiQL reads the schema again when it is given another fetcher: this is how a key typed in later brings the docs.
  const fetcher = useMemo(
    () =>
      createFetcher(presetHeaders(settings), {
        schemaAnswered: setSchemaRefusal,
        acceptedAfterRefusal: () => setSchemaAttempt(schemaAttempt + 1),
      }),
    [schemaAttempt, settings],
  );

  const [start] = useState(() => {
    const taskId = presetTaskId(settings);
    const storage = openTabStorage(localStorage, taskId);
    const tabs = exampleTabs(taskId);
    return { storage, tabs, activeTab: readActiveTab(storage) ?? tabs[0] };
  });

  return (
    <GraphiQL
      fetcher={fetcher}
      storage={start.storage}
      defaultTabs={[...start.tabs]}
      initialQuery={start.activeTab.query}
      initialVariables={start.activeTab.variables}
      defaultHeaders={JSON.stringify(presetHeaders(settings), null, 2)}
      // The history plugin is left out for the same reason: it writes the headers of every request to localStorage.
      shouldPersistHeaders={false}
      plugins={[]}
    >
      <GraphiQL.Logo>Task Jobs API</GraphiQL.Logo>
      {schemaRefusal !== null && (
        <GraphiQL.Footer>
          <p className="schema-refusal" role="status">
            No docs and no completion yet. The server says: “{schemaRefusal}” Put an API key into Headers and run an
            operation.
          </p>
        </GraphiQL.Footer>
      )}
    </GraphiQL>
  );
}

const root = document.getElementById("graphiql");
if (root === null) throw new Error("The page has no #graphiql element");
createRoot(root).render(<App settings={readSettings(root)} />);

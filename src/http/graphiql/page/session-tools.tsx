import { isMacOs, pick, ToolbarButton, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect } from "react";
import { linkTo } from "./linked-tab.ts";

/** Makes the shortcuts work wherever the focus is, because GraphiQL binds them to its editors. */
export function Shortcuts() {
  const { run, prettifyEditors, mergeQuery, copyQuery } = useGraphiQLActions();
  useEffect(() => {
    const withShift: Record<string, () => void> = {
      KeyP: prettifyEditors,
      KeyM: mergeQuery,
      KeyC: copyQuery,
      // Prevents the browser from reloading the page, because GraphiQL's own listener reads the schema again.
      KeyR: () => {},
    };
    function onKeyDown(event: KeyboardEvent) {
      if (event.defaultPrevented || event.altKey) return;
      const isRun = event.key === "Enter" && !event.shiftKey && (isMacOs ? event.metaKey : event.ctrlKey);
      const action = isRun ? run : event.ctrlKey && event.shiftKey ? withShift[event.code] : undefined;
      if (action === undefined) return;
      event.preventDefault();
      action();
    }
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [run, prettifyEditors, mergeQuery, copyQuery]);
  return null;
}

export function LinkButton({ notify }: { notify: (message: string) => void }) {
  const { queryEditor, variableEditor, documentAST, operationName } = useGraphiQL(
    pick("queryEditor", "variableEditor", "documentAST", "operationName"),
  );
  const operations = documentAST?.definitions.filter(({ kind }) => kind === "OperationDefinition");
  async function copyLink() {
    const link = linkTo({
      query: queryEditor?.getValue() ?? "",
      variables: variableEditor?.getValue() ?? "",
      operationName: (operations?.length ?? 0) > 1 ? (operationName ?? null) : null,
    });
    if (link === null) return notify("This operation is too long for a link.");
    await navigator.clipboard.writeText(link).then(
      () => notify("A link to this operation is copied. It does not contain the API key."),
      () => notify("The browser does not allow copying."),
    );
  }
  return (
    <ToolbarButton label="Copy a link to this operation" onClick={copyLink}>
      <svg className="graphiql-toolbar-icon" viewBox="0 0 24 24" fill="none" aria-hidden="true">
        <path
          d="M10 14a4.5 4.5 0 0 0 6.4 0l3.2-3.2a4.5 4.5 0 0 0-6.4-6.4L12 5.600M14 10a4.500 4.500 0 0 0-6.400 0l-3.200 3.200a4.500 4.500 0 0 0 6.400 6.400l1.200-1.200"
          stroke="currentColor"
          strokeWidth="1.800"
          strokeLinecap="round"
        />
      </svg>
    </ToolbarButton>
  );
}

const PANES = ["Query", "Variables", "Result"] as const;
export type Pane = (typeof PANES)[number];

/** Appears only on a narrow screen, which shows one pane at a time. GraphiQL's own Stop button is in the Query pane. */
export function PaneSwitch({ pane, setPane }: { pane: Pane; setPane: (pane: Pane) => void }) {
  const { setVisiblePlugin, stop } = useGraphiQLActions();
  const isDocsVisible = useGraphiQL((state) => state.visiblePlugin) !== null;
  const isFollowing = useGraphiQL(({ subscription, isFetching }) => subscription !== null && !isFetching);
  return (
    <nav className="pane-switch" aria-label="Panes">
      {PANES.map((name) => (
        <button
          key={name}
          type="button"
          className="pane-button"
          aria-pressed={name === pane && !isDocsVisible}
          onClick={() => {
            setVisiblePlugin(null);
            setPane(name);
          }}
        >
          {name}
        </button>
      ))}
      {isFollowing && (
        <button type="button" className="pane-button stop" onClick={stop}>
          Stop
        </button>
      )}
    </nav>
  );
}

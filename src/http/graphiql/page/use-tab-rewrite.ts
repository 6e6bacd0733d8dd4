import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";

/** The part of a tab that this page changes. */
export interface TabValues {
  readonly variables: string;
  readonly response: string;
}

/** Changes the values of all tabs, or null until GraphiQL's editors are ready. */
export function useTabRewrite(): ((change: (values: TabValues) => TabValues) => void) | null {
  const { tabs, activeTabIndex, queryEditor, variableEditor, responseEditor } = useGraphiQL(
    pick("tabs", "activeTabIndex", "queryEditor", "variableEditor", "responseEditor"),
  );
  const { moveTab, updateActiveTabValues } = useGraphiQLActions();
  if (!queryEditor || !variableEditor || !responseEditor) return null;

  return (change) => {
    const query = queryEditor.getValue();
    const position = queryEditor.getPosition();
    const active = { variables: variableEditor.getValue(), response: responseEditor.getValue() };
    const changedTabs = tabs.map((tab, index) => {
      if (index === activeTabIndex) return tab;
      const { variables, response } = change({ variables: tab.variables ?? "", response: tab.response ?? "" });
      const isSame = variables === (tab.variables ?? "") && response === (tab.response ?? "");
      return isSame ? tab : { ...tab, variables, response };
    });
    if (changedTabs.some((tab, index) => tab !== tabs[index])) moveTab(changedTabs);
    const changed = change(active);
    // GraphiQL copies an editor into its tab only after 100 ms, and moveTab has overwritten the editors from the tabs.
    updateActiveTabValues({ query, ...changed });
    if (queryEditor.getValue() !== query) queryEditor.setValue(query);
    if (position && !queryEditor.getPosition()?.equals(position)) queryEditor.setPosition(position);
    if (variableEditor.getValue() !== changed.variables) variableEditor.setValue(changed.variables);
    if (responseEditor.getValue() !== changed.response) responseEditor.setValue(changed.response);
  };
}

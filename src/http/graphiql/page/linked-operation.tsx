import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useEffect, useRef } from "react";

/**
 * Makes Run and Ctrl-Enter run the operation that a link names, until the user changes the tab or moves the cursor.
 * GraphiQL runs the operation at the cursor, and its Run button opens a menu if it knows several operations.
 */
export function LinkedOperation({ name }: { name: string }) {
  const { operations, documentAST, queryEditor, tabs, activeTabIndex } = useGraphiQL(
    pick("operations", "documentAST", "queryEditor", "tabs", "activeTabIndex"),
  );
  const { setOperationFacts, setOperationName } = useGraphiQLActions();
  const isEnded = useRef(false);
  const activeTab = tabs[activeTabIndex]?.id;
  const linkedTab = useRef(activeTab);
  if (activeTab !== linkedTab.current) isEnded.current = true;

  useEffect(() => {
    const operation = operations?.find((candidate) => candidate.name?.value === name);
    const model = queryEditor?.getModel();
    if (isEnded.current || operation?.loc === undefined || !documentAST || !model) return;
    const { start, end } = operation.loc;
    const cursor = model.getOffsetAt(queryEditor?.getPosition() ?? { lineNumber: 1, column: 1 });
    if (cursor < start || cursor > end) {
      queryEditor?.setPosition(model.getPositionAt(start));
      queryEditor?.revealLine(model.getPositionAt(start).lineNumber);
    }
    if ((operations?.length ?? 0) > 1) {
      setOperationFacts({ documentAST, operationName: name, operations: [operation] });
      setOperationName(name);
    }
  }, [name, operations, documentAST, queryEditor, setOperationFacts, setOperationName]);

  const restore = useRef(() => {});
  restore.current = () => {
    if (!documentAST) return;
    const all = documentAST.definitions.filter((definition) => definition.kind === "OperationDefinition");
    setOperationFacts({ documentAST, operationName: name, operations: all });
  };
  useEffect(() => {
    const listener = queryEditor?.onDidChangeCursorPosition(({ source }) => {
      if (isEnded.current || (source !== "mouse" && source !== "keyboard")) return;
      isEnded.current = true;
      restore.current();
    });
    return () => listener?.dispose();
  }, [queryEditor]);
  return null;
}

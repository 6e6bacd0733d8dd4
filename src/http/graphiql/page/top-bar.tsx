import { useState } from "react";
import type { Account } from "./account.ts";
import { cleanKey } from "./api-key.ts";

interface TopBarProps {
  readonly apiKey: string;
  readonly account: Account;
  readonly onKey: (key: string) => void;
  readonly onSubmit: () => void;
  /** The list of tasks is rendered here by a component that needs GraphiQL's state. */
  readonly taskSlot: (element: HTMLElement | null) => void;
}

export function TopBar({ apiKey, account, onKey, onSubmit, taskSlot }: TopBarProps) {
  const [isShown, setShown] = useState(false);
  return (
    <header className="top-bar">
      <h1>Task Jobs API</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <label htmlFor="api-key">API key</label>
        <span className="key-field">
          <input
            id="api-key"
            type={isShown ? "text" : "password"}
            value={apiKey}
            placeholder="tj_…"
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            aria-describedby="key-status"
            aria-invalid={account.state === "refused"}
            onChange={(event) => onKey(cleanKey(event.target.value))}
          />
          <button type="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
            {isShown ? "Hide" : "Show"} <span className="visually-hidden">API key</span>
          </button>
        </span>
      </form>
      <p id="key-status" className={`key-status ${account.state}`} role="status">
        <KeyStatus account={account} />
      </p>
      <div className="task-slot" ref={taskSlot} />
    </header>
  );
}

function KeyStatus({ account }: { account: Account }) {
  switch (account.state) {
    case "none":
      return (
        <>
          Enter an API key. Create one with <code>npm run keys -- create --user UUID</code>
        </>
      );
    case "checking":
      return "Checking the key …";
    case "refused":
    case "failed":
      return account.message;
    case "accepted":
      return (
        <>
          {account.isAdmin ? "Admin" : "User"} <span className="user-id">{account.userId}</span>
          {account.tasks.length === 0 && (
            <>
              {" "}
              has no tasks yet. Import one with <code>npm run import -- FILE --user {account.userId}</code>
            </>
          )}
        </>
      );
  }
}

import { useCallback, useEffect, useState } from "react";

const SHOWN_MS = 4000;

/** A short message that disappears by itself. */
export function useNotice(): [string, (message: string) => void] {
  const [notice, setNotice] = useState({ message: "" });
  useEffect(() => {
    if (notice.message === "") return;
    const timer = setTimeout(() => setNotice({ message: "" }), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return [notice.message, useCallback((message) => setNotice({ message }), [])];
}

/**
 * Defines `navigator.clipboard`, which browsers offer only over HTTPS and on localhost, but which GraphiQL's Copy button
 * needs everywhere. Call this function before GraphiQL is used.
 */
export function provideClipboard(): void {
  if (navigator.clipboard !== undefined) return;
  Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
}

async function writeText(text: string): Promise<void> {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!isCopied) throw new Error("The browser does not allow copying");
}

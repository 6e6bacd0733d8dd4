/**
 * Browsers offer `navigator.clipboard` only over HTTPS and on localhost. GraphiQL's Copy button needs it on every other
 * address too, so that it must be defined before GraphiQL is used.
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

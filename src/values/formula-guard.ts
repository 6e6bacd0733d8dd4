/** What Excel, LibreOffice or Numbers would run, also behind blanks and behind apostrophes of the text's own. */
const RUNNABLE = /^'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;
const GUARDED = /^'+(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;

/** The apostrophe that makes a spreadsheet take a cell for text (OWASP, CSV injection). */
export function guardFormula(text: string): string {
  return RUNNABLE.test(text) ? `'${text}` : text;
}

/** Takes off what `guardFormula` put there; only for a file it wrote: elsewhere the apostrophe may be the text's own. */
export function unguardFormula(text: string): string {
  return GUARDED.test(text) ? text.slice(1) : text;
}

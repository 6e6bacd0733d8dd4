/** Texts that Excel, LibreOffice or Numbers would run as a formula, also after blanks and apostrophes. */
const RUNNABLE = /^'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;
const GUARDED = /^'+(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;

/** Adds an apostrophe, so that spreadsheets treat a formula as text (OWASP, CSV injection). */
export function guardFormula(text: string): string {
  return RUNNABLE.test(text) ? `'${text}` : text;
}

/** Removes the apostrophe of `guardFormula`. Use this only for our own exports: elsewhere it may belong to the text. */
export function unguardFormula(text: string): string {
  return GUARDED.test(text) ? text.slice(1) : text;
}

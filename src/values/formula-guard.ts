/** Texts that Excel, LibreOffice or Numbers would run as a formula, also after blanks and apostrophes. */
const RUNNABLE = /^'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;
const GUARDED = /^'+(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;

/**
 * A spreadsheet whose list separator is not the comma splits a quoted cell at its own separator, and ends the row at a line
 * break, so that a formula may also begin there. Quotes before it do not stop the spreadsheet.
 */
const RUNNABLE_INSIDE = /([;|\t\r\n])(?='*(?:"|[^\S\t\r\n])*[=+\-@＝＋－＠])/g;
const GUARDED_INSIDE = /([;|\t\r\n])'(?='*(?:"|[^\S\t\r\n])*[=+\-@＝＋－＠])/g;
/** Most texts have none of these characters, and need no other test inside. */
const SEPARATOR = /[;|\t\r\n]/;

/** Adds apostrophes, so that spreadsheets treat a formula as text (OWASP, CSV injection). */
export function guardFormula(text: string): string {
  const guarded = SEPARATOR.test(text) ? text.replace(RUNNABLE_INSIDE, "$1'") : text;
  return RUNNABLE.test(guarded) ? `'${guarded}` : guarded;
}

/** Removes the apostrophes of `guardFormula`. Use this only for our own exports: elsewhere they may belong to the text. */
export function unguardFormula(text: string): string {
  const unguarded = GUARDED.test(text) ? text.slice(1) : text;
  return SEPARATOR.test(unguarded) ? unguarded.replace(GUARDED_INSIDE, "$1") : unguarded;
}

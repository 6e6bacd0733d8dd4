/**
 * The maximum length of a text in a response, and of all texts of an email record. A REST page of 100 jobs with such texts stays
 * below the byte limit of a response, whatever the characters are.
 */
export const MAX_TEXT_CHARS = 4096;

/** Triggers of the database refuse a longer text in a new or changed row. A text never has more UTF-16 units than bytes. */
export const MAX_TEXT_BYTES = 4096;

/** Shortens the text of a row that is older than the limit, so that it fails no page. Never cuts a surrogate pair in half. */
export function shortened<Text extends string | null>(text: Text): Text | string {
  if (text === null || text.length <= MAX_TEXT_CHARS) return text;
  const last = text.charCodeAt(MAX_TEXT_CHARS - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? MAX_TEXT_CHARS - 1 : MAX_TEXT_CHARS);
}

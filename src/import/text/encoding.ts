import { ImportError } from "../import-error.ts";

/** The encodings that `--encoding` accepts. */
export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

const LINE_FEED = 0x0a;

/** The share of zero bytes from which every second byte counts as the high half of an ASCII character. */
const MIN_ZERO_SHARE = 0.4;
const MAX_OTHER_ZERO_SHARE = 0.02;

/** Recognizes UTF-16 by its byte order mark, and text that is mostly ASCII also without one. Null means any other encoding. */
export function detectUtf16(head: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  if (head.length < 4) return null;
  const zeros = [0, 0];
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [even, odd] = zeros.map((count) => count / (head.length / 2)) as [number, number];
  if (odd >= MIN_ZERO_SHARE && even <= MAX_OTHER_ZERO_SHARE) return "utf-16le";
  if (even >= MIN_ZERO_SHARE && odd <= MAX_OTHER_ZERO_SHARE) return "utf-16be";
  return null;
}

/** Converts UTF-16 to UTF-8. A text that is not valid UTF-16 is an error with its line. */
export async function* utf8OfUtf16(
  chunks: AsyncIterable<Uint8Array>,
  { encoding, fileName }: { encoding: "utf-16le" | "utf-16be"; fileName: string },
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding);
  let line = 1;
  const convert = (text: string): Uint8Array => {
    // Without `fatal` the decoder writes U+FFFD for half of a surrogate pair, so that its line can be named.
    const broken = text.indexOf("\ufffd");
    if (broken >= 0) {
      line += text.slice(0, broken).split("\n").length - 1;
      const reason = `is not valid ${encoding.toUpperCase()}: save the file as UTF-8`;
      throw new ImportError({ fileName, line, reason });
    }
    const bytes = Buffer.from(text);
    for (const byte of bytes) if (byte === LINE_FEED) line++;
    return bytes;
  };
  for await (const chunk of chunks) yield convert(decoder.decode(chunk, { stream: true }));
  const rest = decoder.decode();
  if (rest !== "") yield convert(rest);
}

/** The characters of the bytes 0x80 to 0x9f in Windows-1252. Five of these bytes are not defined. */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

/** TextDecoder of Node 20 decodes `windows-1252` as Latin-1 (nodejs/node#56542), so only Latin-1 is left to Node. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80] ?? character);
}

/** Whether the text has one of the five bytes that Windows-1252 does not define. */
export function hasUndefinedCharacter(text: string): boolean {
  return /[\x81\x8d\x8f\x90\x9d]/.test(text);
}

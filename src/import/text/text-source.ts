import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { ImportError } from "../import-error.ts";
import { detectUtf16, type Encoding, utf8OfUtf16 } from "./encoding.ts";
import { isGzip, refuseOtherKinds } from "./file-kind.ts";
import { hasCrLineEnds, withLineFeeds } from "./line-ends.ts";

/** The first chunk of a file, which decides how the rest is read. */
const HEAD_BYTES = 65_536;
/** A program that writes its first line to a pipe and then waits does not hold up the import for longer. */
const MAX_PAUSE_MS = 100;
const LINE_FEED = 0x0a;

/** A small gzip file can expand a thousandfold. Ten million rows have less than this. */
const MAX_EXPANDED_BYTES = 8e9;

export interface TextSource {
  /** UTF-8 or Windows-1252 with LF, CRLF or CR CR LF. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** The first bytes without a byte order mark. */
  readonly head: Buffer;
  /** Whether the head is the whole text. */
  readonly isWhole: boolean;
  /** The bytes of the original file that were read so far. */
  readonly bytesRead: () => number;
  /** Null if each line decides between UTF-8 and Windows-1252. */
  readonly encoding: Encoding | null;
  /** The recognized forms of the file, for the user: "gzip", "UTF-16LE". */
  readonly layers: readonly string[];
}

export interface TextSourceOptions {
  readonly fileName: string;
  /** Undefined detects it. */
  readonly encoding?: Encoding | undefined;
  readonly maxExpandedBytes?: number | undefined;
}

/** Unpacks gzip, converts UTF-16 and CR line ends, and refuses files that are not text. */
export async function createTextSource(
  input: AsyncIterable<Uint8Array>,
  options: TextSourceOptions,
): Promise<TextSource> {
  const { fileName } = options;
  const layers: string[] = [];
  let bytesRead = 0;
  async function* counted() {
    for await (const chunk of input) {
      bytesRead += chunk.length;
      yield chunk;
    }
  }
  let peeked = await peek(counted());
  if (isGzip(peeked.head)) {
    layers.push("gzip");
    peeked = await peek(gunzip(peeked.chunks, options));
  }
  const detected = detectUtf16(peeked.head);
  const encoding = options.encoding ?? detected;
  const utf16 = encoding === "utf-16le" || encoding === "utf-16be" ? encoding : null;
  refuseOtherKinds(peeked.head, { fileName, isUtf16: utf16 !== null });
  if (utf16 !== null) {
    layers.push(utf16.toUpperCase());
    peeked = await peek(utf8OfUtf16(peeked.chunks, { encoding: utf16, fileName }));
  }
  const head = peeked.head.indexOf("\ufeff") === 0 ? peeked.head.subarray(3) : peeked.head;
  const isCr = hasCrLineEnds(head.toString("latin1"));
  if (isCr) layers.push("CR line ends");
  return {
    bytes: isCr ? withLineFeeds(peeked.chunks) : peeked.chunks,
    head: isCr ? Buffer.from(head.toString("latin1").replaceAll("\r", "\n"), "latin1") : head,
    isWhole: peeked.isWhole,
    bytesRead: () => bytesRead,
    encoding: utf16 === null ? encoding : "utf-8",
    layers,
  };
}

interface Peeked {
  readonly head: Buffer;
  readonly isWhole: boolean;
  /** All chunks, the first ones included. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

async function peek(chunks: AsyncGenerator<Uint8Array>): Promise<Peeked> {
  const first: Uint8Array[] = [];
  let bytes = 0;
  let isWhole = false;
  let pending: Promise<IteratorResult<Uint8Array>> | undefined;
  let pause: Promise<null> | undefined;
  while (bytes < HEAD_BYTES) {
    pending ??= chunks.next();
    const next = await (pause === undefined ? pending : Promise.race([pending, pause]));
    if (next === null) break;
    pending = undefined;
    if (next.done) {
      isWhole = true;
      break;
    }
    first.push(next.value);
    bytes += next.value.length;
    if (next.value.includes(LINE_FEED)) pause ??= setTimeout(MAX_PAUSE_MS, null, { ref: false });
  }
  // A failure is reported to the reader of the chunks, which asks for them later.
  pending?.catch(() => {});
  async function* all() {
    yield* first;
    const next = await pending;
    if (next !== undefined && !next.done) yield next.value;
    yield* chunks;
  }
  return { head: Buffer.concat(first).subarray(0, HEAD_BYTES), isWhole, chunks: all() };
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>, options: TextSourceOptions): AsyncGenerator<Uint8Array> {
  const { fileName, maxExpandedBytes = MAX_EXPANDED_BYTES } = options;
  let expandedBytes = 0;
  const source = Readable.from(chunks, { objectMode: false });
  const unpacked = createGunzip();
  source.on("error", (error) => unpacked.destroy(error));
  try {
    for await (const chunk of source.pipe(unpacked)) {
      expandedBytes += chunk.length;
      if (expandedBytes > maxExpandedBytes) {
        const reason = `expands to more than ${maxExpandedBytes / 1e9} GB: unpack it with gunzip and import the parts one by one`;
        throw new ImportError({ fileName, reason });
      }
      yield chunk;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!/^Z_/.test(code ?? "")) throw error;
    throw new ImportError({
      fileName,
      reason: `the gzip data is damaged or cut off (${code}): download the file again`,
    });
  } finally {
    source.destroy();
    unpacked.destroy();
  }
}

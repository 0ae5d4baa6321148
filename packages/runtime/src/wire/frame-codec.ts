/**
 * Frames: four bytes of length, little-endian, then that many bytes of UTF-8 JSON. Knows nothing about messages.
 *
 * A frame over the limit is announced and its bytes are thrown away as they come, so that it costs no memory and the frames
 * after it are still understood.
 */

/** Bytes of JSON that a frame may have. Far over any tool result that a model will read. */
export const MAX_FRAME_BYTES: number = 16 * 1024 * 1024;

/**
 * The host repeats in its events what the client sent it, with a few more words around; so its frames may be this much longer.
 */
export const REPEAT_SLACK_BYTES: number = 64 * 1024;

const HEADER_BYTES = 4;
/** Enough of an oversized frame to see `{"type":"request","id":…`. */
const HEAD_BYTES = 256;

export type Frame =
  | { readonly type: "frame"; readonly json: string }
  /** `head` is how the frame began; it may end in the middle of a character. */
  | { readonly type: "oversized"; readonly bytes: number; readonly head: string };

export class FrameDecoder {
  readonly #maxBytes: number;
  readonly #onFrame: (frame: Frame) => void;
  readonly #header: Buffer = Buffer.alloc(HEADER_BYTES);
  #headerFilled = 0;
  #length = 0;
  /** Bytes of the frame that came so far; counts for oversized ones, too. */
  #received = 0;
  /** Takes the frame, or an oversized frame's beginning. */
  #body: Buffer = NOTHING;

  constructor(onFrame: (frame: Frame) => void, maxBytes: number = MAX_FRAME_BYTES) {
    this.#onFrame = onFrame;
    this.#maxBytes = maxBytes;
  }

  /** Takes bytes as they arrive, the first `length` of a chunk, and hands on each frame that they complete, in order. */
  push(chunk: Buffer, length: number = chunk.length): void {
    let at = 0;
    while (at < length) {
      const end = this.#headerFilled === 0 ? endOfFrame(chunk, at, length) : Number.POSITIVE_INFINITY;
      if (end <= length && end - at - HEADER_BYTES <= this.#maxBytes) {
        // As most frames come: whole.
        this.#onFrame({ type: "frame", json: chunk.toString("utf8", at + HEADER_BYTES, end) });
        at = end;
      } else at = this.#pushPart(chunk, at, length);
    }
  }

  /** Takes what there is of one frame; returns where the next one may begin. */
  #pushPart(chunk: Buffer, start: number, length: number): number {
    let at = start;
    if (this.#headerFilled < HEADER_BYTES) {
      const most = Math.min(length, at + HEADER_BYTES - this.#headerFilled);
      const taken = chunk.copy(this.#header, this.#headerFilled, at, most);
      this.#headerFilled += taken;
      at += taken;
      if (this.#headerFilled < HEADER_BYTES) return at;
      this.#begin(this.#header.readUInt32LE(0));
    }
    const end = Math.min(at + this.#length - this.#received, length);
    chunk.copy(this.#body, this.#received, at, end);
    this.#received += end - at;
    if (this.#received === this.#length) this.#finish();
    return end;
  }

  #begin(length: number): void {
    this.#length = length;
    this.#received = 0;
    this.#body = Buffer.allocUnsafe(length <= this.#maxBytes ? length : Math.min(length, HEAD_BYTES));
  }

  #finish(): void {
    const length = this.#length;
    const text = this.#body.toString("utf8");
    this.#body = NOTHING;
    this.#headerFilled = 0;
    this.#onFrame(
      length <= this.#maxBytes
        ? { type: "frame", json: text }
        : { type: "oversized", bytes: length, head: text },
    );
  }
}

const NOTHING = Buffer.alloc(0);

/** Where the frame that begins at `at` ends; infinite while its length is not known. */
function endOfFrame(chunk: Buffer, at: number, length: number): number {
  if (length - at < HEADER_BYTES) return Number.POSITIVE_INFINITY;
  return at + HEADER_BYTES + chunk.readUInt32LE(at);
}

/** Frames for several documents, as one buffer. */
export function encodeFrames(documents: readonly EncodedJson[]): Buffer {
  let size = 0;
  for (const { bytes } of documents) size += HEADER_BYTES + bytes;
  const buffer = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { json, bytes } of documents) {
    at = buffer.writeUInt32LE(bytes, at);
    at += buffer.write(json, at, "utf8");
  }
  return buffer;
}

/** A JSON document and its size in UTF-8. */
export interface EncodedJson {
  readonly json: string;
  readonly bytes: number;
}

export function encodeJson(value: unknown): EncodedJson {
  const json = JSON.stringify(value);
  return { json, bytes: Buffer.byteLength(json) };
}

/** Whether a document takes no more than so many bytes; those of usual ones are not counted. */
export function fits(json: string, maxBytes: number): boolean {
  return json.length * BYTES_PER_CHAR <= maxBytes || Buffer.byteLength(json) <= maxBytes;
}

/**
 * Writes frames, as few times as that delays nobody: a write is a system call and wakes the other side. The first frame that
 * somebody waits for goes at once, and takes along what was left lying; more of them, before the other side says something, go
 * together at the end of their tick.
 */
export class FrameWriter {
  readonly #write: (bytes: Buffer) => void;
  /** Frames are put together here, one after the other; what was handed on is not touched again. */
  #slab: Buffer = NOTHING;
  /** What waits in the slab. */
  #start = 0;
  #end = 0;
  /** Whether the next frame goes at once. Where one answers the other, each does, and none costs the end of a tick. */
  #first = true;
  #flushesAtTickEnd = false;
  readonly #tickEnds = (): void => {
    this.#flushesAtTickEnd = false;
    this.#first = true;
    this.flush();
  };
  readonly #later: (flush: () => void) => void;
  /** Whether a flush is due later, which may find that everything has gone already. */
  #flushesLater = false;

  /** `later` calls what it is given within the time that a frame nobody waits for may take. */
  constructor(write: (bytes: Buffer) => void, later: (flush: () => void) => void = inTwoMs) {
    this.#write = write;
    this.#later = later;
  }

  /** Nobody waits for a frame that is not `urgent`: it goes with the next one that is, or a moment later. */
  push(json: string, urgent = true): void {
    const most = HEADER_BYTES + json.length * BYTES_PER_CHAR;
    if (this.#end + most > this.#slab.length && !this.#makeRoom(most)) {
      this.#write(encodeFrames([{ json, bytes: Buffer.byteLength(json) }]));
      return;
    }
    const body = this.#end + HEADER_BYTES;
    const bytes = this.#slab.write(json, body);
    this.#slab.writeUInt32LE(bytes, this.#end);
    this.#end = body + bytes;
    if (!urgent) this.#flushLater();
    else if (this.#first) {
      this.#first = false;
      this.flush();
    } else this.#flushAtTickEnd();
  }

  /** The other side said something. */
  heard(): void {
    this.#first = true;
  }

  flush(): void {
    if (this.#start === this.#end) return;
    const bytes = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#write(bytes);
  }

  /** Hands on what waits. Returns whether there is room for `bytes` now, which a large frame does not get. */
  #makeRoom(bytes: number): boolean {
    this.flush();
    if (bytes > SLAB_BYTES) return false;
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#start = 0;
    this.#end = 0;
    return true;
  }

  #flushAtTickEnd(): void {
    if (this.#flushesAtTickEnd) return;
    this.#flushesAtTickEnd = true;
    process.nextTick(this.#tickEnds);
  }

  #flushLater(): void {
    if (this.#flushesLater) return;
    this.#flushesLater = true;
    this.#later(() => {
      this.#flushesLater = false;
      this.flush();
    });
  }
}

function inTwoMs(flush: () => void): void {
  setTimeout(flush, 2);
}

/** Of UTF-8 for one of UTF-16, at most. */
const BYTES_PER_CHAR = 3;
/** More than this is not kept for the end of the tick. */
const SLAB_BYTES = 64 * 1024;

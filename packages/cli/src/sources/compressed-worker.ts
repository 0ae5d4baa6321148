/** The worker thread that unpacks one file. Never throws: how it ended is its answer. */
import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { workerData } from "node:worker_threads";
import { createGunzip, createZstdDecompress } from "node:zlib";
import {
  ANSWER_HEAD_BYTES,
  ANSWER_MESSAGE_BYTES,
  UNPACK_DONE,
  UNPACK_STARTED,
  type UnpackTask,
} from "./compressed.ts";
import { messageOf } from "../errors.ts";

const { from, to, compression, maxBytes, answer } = workerData as UnpackTask;

/** Lets so many bytes through and then ends with an error. */
function atMost(bytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > bytes) done(new Error(`it unpacks to more than ${bytes} bytes`));
      else done(null, chunk);
    },
  });
}

const flags = new Int32Array(answer, 0, 2);

function tell(state: number): void {
  Atomics.store(flags, 0, state);
  Atomics.notify(flags, 0);
}

tell(UNPACK_STARTED);
let message = "";
try {
  await pipeline(
    createReadStream(from),
    compression === "gzip" ? createGunzip() : createZstdDecompress(),
    atMost(maxBytes),
    // Without buffering ahead: what a damaged file gave before its damage is on disk when the pipeline fails.
    createWriteStream(to, { flags: "r+", highWaterMark: 1 }),
  );
} catch (error) {
  message = messageOf(error);
}
const text = Buffer.from(message).subarray(0, ANSWER_MESSAGE_BYTES);
new Uint8Array(answer, ANSWER_HEAD_BYTES).set(text);
flags[1] = text.length;
tell(UNPACK_DONE);

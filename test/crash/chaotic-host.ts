/**
 * `chaotic-host.ts SEED`: serves as `code-mode-host` does, until at a moment that the seed and the process id decide it writes
 * garbage, half a frame, or a frame of 100 MB. One in four never does.
 */
import { writeSync } from "node:fs";
import { CodeModeHost } from "../../packages/runtime/src/host/host.ts";
import { SeededRandom } from "../../scripts/seeded-random.ts";

/** Hello, and the first words about cells. */
const WRITES_BEFORE = 4;
const LARGE_BYTES = 100 * 1024 * 1024;
const random = new SeededRandom(Number(process.argv[2]), process.pid);
/** Set when nothing more that makes sense is to be written. */
let broken = false;
let writes = 0;

const host = new CodeModeHost({
  write: (bytes) => {
    if (!broken) writeAll(bytes);
    writes += 1;
    if (writes === WRITES_BEFORE) setTimeout(misdeed, random.integer(0, 300));
  },
  end: () => process.kill(process.pid, "SIGKILL"),
  log: () => {},
});
process.stdin.on("data", (chunk: Buffer) => {
  host.receive(chunk);
});
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL"));
host.start();

function misdeed(): void {
  random.pick([() => {}, garbage, halfFrame, largeFrame])();
}

function garbage(): void {
  writeAll(Buffer.from(Array.from({ length: random.integer(1, 5_000) }, () => random.integer(0, 255))));
  broken = true;
}

function halfFrame(): void {
  const half = Buffer.from('____{"type":"pong","id":');
  half.writeUInt32LE(1_000, 0);
  writeAll(half);
  broken = true;
}

function largeFrame(): void {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(LARGE_BYTES, 0);
  writeAll(header);
  const part = Buffer.alloc(1024 * 1024, "x");
  for (let at = 0; at < LARGE_BYTES; at += part.length) writeAll(part);
}

function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at);
}

/**
 * `process-boundary-child-trial.ts`: the floor of the process boundary, run by `process-boundary-trial.ts`. Bare isolates behind
 * two pipes: frames of four bytes of length and JSON, one write each, and nothing else.
 */
import { writeSync } from "node:fs";
import { BareIsolate } from "./bare-isolate.ts";

const READY = 2;

interface Message {
  readonly type: "run" | "answer";
  readonly id: number;
  readonly source: string;
  readonly value: unknown;
}

const open = new Map<number, (value: unknown) => void>();
const ready: BareIsolate[] = [];
let nextCall = 1;
let received: Buffer = Buffer.alloc(0);

fill();
process.stdin.on("data", (chunk: Buffer) => {
  received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
  for (;;) {
    if (received.length < 4) return;
    const end = 4 + received.readUInt32LE(0);
    if (received.length < end) return;
    const message = JSON.parse(received.toString("utf8", 4, end)) as Message;
    received = received.subarray(end);
    if (message.type === "run") void run(message);
    else {
      open.get(message.id)?.(message.value);
      open.delete(message.id);
    }
  }
});
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL"));

async function run({ id, source }: Message): Promise<void> {
  const isolate = ready.pop() ?? bare();
  const texts = await isolate.run(source);
  send({ type: "done", id, texts });
  setTimeout(() => {
    isolate.dispose();
    fill();
  }, 5);
}

function fill(): void {
  while (ready.length < READY) ready.push(bare());
}

function bare(): BareIsolate {
  return new BareIsolate(["echo"], async (input) => {
    const call = nextCall;
    nextCall += 1;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    open.set(call, resolve);
    send({ type: "call", id: call, input });
    return await promise;
  });
}

function send(message: object): void {
  const json = JSON.stringify(message);
  const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(json));
  bytes.writeUInt32LE(bytes.length - 4, 0);
  bytes.write(json, 4);
  writeSync(1, bytes);
}

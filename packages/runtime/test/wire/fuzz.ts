/**
 * `fuzz.ts FRAMES [SEED]`: feeds mutated frames to both ends. Prints as JSON how many of
 * them each end took (`FuzzReport`).
 */
import { CodeModeHost } from "../../src/host/host.ts";
import { decodeMessage } from "../../src/wire/decode-message.ts";
import { encodeFrames, encodeJson, FrameDecoder } from "../../src/wire/frame-codec.ts";
import { hello } from "../../src/wire/hello.ts";
import { type HostMessage, hostMessageChecks } from "../../src/wire/host-messages.ts";

export interface FuzzReport {
  readonly frames: number;
  /** Frames that the client's decoder gave a verdict on. */
  readonly judgedByClient: number;
  /** Hosts that refused to go on and were replaced. */
  readonly hostsEnded: number;
  /** What the last host said to a ping. */
  readonly alive: boolean;
}

const CLIENT_FRAMES: readonly unknown[] = [
  hello("fuzzer"),
  { type: "open_session", session: 1, firstCell: 1, firstWait: 1, observed: true },
  {
    type: "define_tools",
    toolset: 1,
    tools: [{ name: "t", toolName: { name: "t" }, description: "", kind: "function" }],
  },
  { type: "request", id: 1, session: 1, operation: { type: "wait", cellId: "1", yieldTimeMs: 1 } },
  { type: "request", id: 2, session: 1, operation: { type: "terminate", cellId: "1" } },
  { type: "abandon", id: 1 },
  { type: "call_answered", call: 1, answer: { ok: true, value: { deep: [1, "two", null] } } },
  { type: "store", session: 1, key: "k", json: "1" },
  { type: "ping", id: 1 },
];
const HOST_FRAMES: readonly unknown[] = [
  hello("code-mode-host"),
  { type: "admitted", id: 1, cellId: "1" },
  { type: "response", id: 1, result: { ok: false, error: { code: "limit", message: "no" } } },
  { type: "event", session: 1, event: { type: "cell_started", cellId: "1", toolCallId: "c", source: "" } },
  {
    type: "invoke_tool",
    call: 1,
    session: 1,
    invocation: { cellId: "1", runtimeToolCallId: "tool-1", toolName: { name: "t" }, kind: "function" },
  },
  { type: "cell_closed", session: 1, cellId: "1" },
  { type: "pong", id: 1 },
];

const [frameCount = "1000", seed = "1"] = process.argv.slice(2);
const frames = Number(frameCount);
let state = Number(seed);
let judgedByClient = 0;
let hostsEnded = 0;
let said = "";

let host = freshHost();
let client = freshClient();
for (let n = 0; n < frames; n += 1) {
  host.receive(mutated(CLIENT_FRAMES));
  client.push(mutated(HOST_FRAMES));
  // A wrong length swallows what follows; both ends begin anew before that is all that happens.
  if (n % 20 === 19) {
    client = freshClient();
    host = freshHost();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
host = freshHost();
said = "";
host.receive(encodeFrames([hello("fuzzer"), { type: "ping", id: 7 }].map(encodeJson)));
await new Promise((resolve) => {
  setImmediate(resolve);
});
const report: FuzzReport = {
  frames,
  judgedByClient,
  hostsEnded,
  alive: said.includes('{"type":"pong","id":7}'),
};
process.stdout.write(JSON.stringify(report), () => process.kill(process.pid, "SIGKILL"));

function freshHost(): CodeModeHost {
  return new CodeModeHost({
    write: (bytes) => {
      said = (said + bytes.toString("latin1")).slice(-1_000);
    },
    end: () => {
      hostsEnded += 1;
    },
    log: () => {},
  });
}

function freshClient(): FrameDecoder {
  return new FrameDecoder((frame) => {
    judgedByClient += 1;
    if (frame.type === "frame") decodeMessage<HostMessage>(frame.json, hostMessageChecks);
  });
}

/** One of the frames with a few bytes changed, left out or repeated, or whole. */
function mutated(candidates: readonly unknown[]): Buffer {
  const bytes = encodeFrames([encodeJson(candidates[random(candidates.length)])]);
  const changes = random(4);
  let result = bytes;
  for (let change = 0; change < changes; change += 1) {
    // Mostly behind the length, or nothing would be understood.
    const at = random(10) === 0 ? random(4) : 4 + random(Math.max(1, result.length - 4));
    const how = random(3);
    if (how === 0) result[at % result.length] = random(256);
    else if (how === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + random(8))]);
    else result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - random(16)))]);
  }
  if (random(10) > 0 && result.length > 4) result.writeUInt32LE(result.length - 4, 0);
  return result;
}

function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

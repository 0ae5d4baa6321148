/**
 * `fuzz.ts FRAMES [SEED]`: feeds mutated frames to both ends, each with a session that is in the middle of something. Prints as JSON
 * what became of them (`FuzzReport`); never ends when an end hangs.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { EventEmitter } from "node:events";
import { Readable, Writable } from "node:stream";
import { CodeModeHost } from "../../src/host/host.ts";
import { Connection, type SessionMessage } from "../../src/remote/connection.ts";
import { RemoteSession } from "../../src/remote/remote-session.ts";
import { SessionLink } from "../../src/remote/session-link.ts";
import { encodeFrames, encodeJson } from "../../src/wire/frame-codec.ts";
import { hello } from "../../src/wire/hello.ts";

export interface FuzzReport {
  /** Sent to each end. */
  readonly frames: number;
  /** Ends that refused to go on and were replaced. */
  readonly hostsEnded: number;
  readonly clientsEnded: number;
  /** Requests of clients that were answered, and that failed with each code. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests of clients that were neither. */
  readonly pending: number;
  /** Clients whose observer was told of more starts or ends of cells, calls and waits than of the other. */
  readonly unbalanced: number;
  /** Whether a fresh host answers a ping, and a fresh client takes the answer of its request. */
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
  // Of a toolset that is not there: isolates are not what is tried here.
  {
    type: "request",
    id: 3,
    session: 1,
    operation: { type: "execute", toolCallId: "c", source: "", toolset: 88 },
  },
  { type: "request", id: 1, session: 1, operation: { type: "wait", cellId: "1", yieldTimeMs: 1 } },
  { type: "request", id: 2, session: 1, operation: { type: "terminate", cellId: "1" } },
  { type: "abandon", id: 1 },
  { type: "call_answered", call: 1, answer: { ok: true, value: { deep: [1, "two", null] } } },
  { type: "store", session: 1, key: "k", json: "1" },
  { type: "forget_tools", toolset: 1 },
  { type: "ping", id: 1 },
];
const response = { type: "result", cellId: "1", contentItems: [{ type: "input_text", text: "t" }] };
const invocation = { cellId: "1", runtimeToolCallId: "tool-1", toolName: { name: "t" }, kind: "function" };
const HOST_OPENING: readonly unknown[] = [
  hello("code-mode-host"),
  { type: "event", session: 1, event: { type: "cell_started", cellId: "1", toolCallId: "c", source: "" } },
  { type: "admitted", id: 1, cellId: "1" },
];
const HOST_FRAMES: readonly unknown[] = [
  ...HOST_OPENING,
  { type: "response", id: 1, result: { ok: true, value: response } },
  { type: "response", id: 2, result: { ok: false, error: { code: "limit", message: "no" } } },
  {
    type: "event",
    session: 1,
    event: { type: "nested_call_started", call: invocation, recordAs: { type: "web" } },
  },
  {
    type: "event",
    session: 1,
    event: { type: "cell_ended", cellId: "1", status: "completed", response, journal: null },
  },
  {
    type: "event",
    session: 1,
    event: { type: "wait_started", waitId: "wait-1", cellId: "1", toolCallId: null, mode: "yield" },
  },
  { type: "invoke_tool", call: 1, session: 1, invocation },
  { type: "notify", call: 2, session: 1, notification: { callId: "c", cellId: "1", text: "t" } },
  { type: "cancel_call", call: 1, session: 1 },
  { type: "stored", session: 1, key: "k", json: "1" },
  { type: "isolate_lost", session: 1, cellId: "1", how: "stuck" },
  { type: "cell_closed", session: 1, cellId: "1" },
  { type: "pong", id: 1 },
];
/** A wrong length swallows what follows; both ends begin anew before that is all that happens. */
const FRAMES_PER_END = 20;

/** A session with a cell that was asked for, at a child that says what it is told to. */
class FuzzedClient {
  /** Starts that have no end, and ends that had no start. */
  open = 0;
  /** The first text of the cell, or why there is none. */
  readonly answer: Promise<string>;
  readonly #stdout = new Readable({ read: () => {} });
  readonly #connection: Connection;

  constructor() {
    const link: SessionLink = new SessionLink(
      1,
      { invokeTool: async ({ input }) => input ?? null, notify: async () => {}, cellClosed: () => {} },
      {
        observe: ({ type }) => {
          if (type.endsWith("_started")) this.open += 1;
          if (type.endsWith("_ended")) this.open -= 1;
        },
      },
      { connect: () => connection, closed: () => {} },
    );
    const connection: Connection = new Connection({
      name: "nobody",
      start: () => childOf(this.#stdout),
      silenceMs: 60_000,
      residentBytes: Number.POSITIVE_INFINITY,
      onMessage: (message: SessionMessage) => {
        if (message.session === 1 && !link.receive(connection, message))
          connection.kill("garbled", "nonsense");
      },
      onIdle: () => {},
      onEnd: (end) => {
        clientsEnded += 1;
        link.lost(connection, end);
      },
      onLog: () => {},
    });
    this.#connection = connection;
    this.answer = this.#ask(new RemoteSession(link));
  }

  get ended(): boolean {
    return this.#connection.ended;
  }

  hear(bytes: Buffer): void {
    this.#stdout.push(bytes);
  }

  leave(): void {
    if (!this.#connection.ended) this.#connection.kill("exited", "it has said enough");
  }

  async #ask(session: RemoteSession): Promise<string> {
    pending += 1;
    let outcome = "";
    try {
      const cell = await session.execute({ toolCallId: "c", source: "", enabledTools: [] });
      const [item] = (await cell.initialResponse).contentItems;
      outcome = "answered";
      return item?.type === "input_text" ? item.text : "";
    } catch (error) {
      outcome = (error as { code?: string }).code ?? String(error);
      return outcome;
    } finally {
      pending -= 1;
      requests[outcome] = (requests[outcome] ?? 0) + 1;
    }
  }
}

/** As far as a connection looks at it. */
function childOf(stdout: Readable): ChildProcessWithoutNullStreams {
  const stdin = new Writable({ write: (_bytes, _encoding, written) => written() });
  const stderr = new Readable({ read: () => {} });
  const child = Object.assign(new EventEmitter(), {
    pid: undefined,
    stdin,
    stdout,
    stderr,
    kill: () => true,
    ref: () => {},
    unref: () => {},
  });
  return child as unknown as ChildProcessWithoutNullStreams;
}

const [frameCount = "1000", seed = "1"] = process.argv.slice(2);
const frames = Number(frameCount);
const requests: Record<string, number> = {};
let state = Number(seed);
let hostsEnded = 0;
let clientsEnded = 0;
let pending = 0;
let unbalanced = 0;
let said = "";

let host = freshHost();
let client = await openedClient();
for (let sent = 1; sent <= frames; sent += 1) {
  host.receive(mutated(CLIENT_FRAMES));
  client.hear(mutated(HOST_FRAMES));
  if (client.ended || sent % FRAMES_PER_END === 0) {
    await close(client);
    client = await openedClient();
  }
  if (sent % FRAMES_PER_END === 0) host = freshHost();
}
await close(client);
said = "";
freshHost().receive(encodeFrames([hello("fuzzer"), { type: "ping", id: 7 }].map(encodeJson)));
const last = await openedClient();
last.hear(encodeFrames([encodeJson({ type: "response", id: 1, result: { ok: true, value: response } })]));
const answered = await last.answer;
const report: FuzzReport = {
  frames,
  hostsEnded,
  clientsEnded,
  requests,
  pending,
  unbalanced,
  alive: said.includes('{"type":"pong","id":7}') && answered === "t",
};
// By a signal, because a process with isolates may not exit in order.
process.stdout.write(JSON.stringify(report), () => process.kill(process.pid, "SIGKILL"));

/** One that was told that its cell runs. */
async function openedClient(): Promise<FuzzedClient> {
  const opened = new FuzzedClient();
  // Its stream hands on at once what comes from now on.
  await turn();
  opened.hear(encodeFrames(HOST_OPENING.map(encodeJson)));
  return opened;
}

async function close(ending: FuzzedClient): Promise<void> {
  ending.leave();
  await ending.answer;
  unbalanced += ending.open === 0 ? 0 : 1;
}

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

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
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

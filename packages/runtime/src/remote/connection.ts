/**
 * One child: its process, its pipes, and the requests that it has not answered. Ends once, in whatever way, and then has
 * failed every request and told its owner; says nothing afterwards.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { CodeModeErrorCode, JsonValue } from "@rollout-trace/protocol";
import { CodeModeError, messageOf } from "../errors.ts";
import type { ClientMessage, Operation } from "../wire/client-messages.ts";
import { decodeMessage } from "../wire/decode-message.ts";
import {
  fits,
  type Frame,
  FrameDecoder,
  FrameWriter,
  MAX_FRAME_BYTES,
  REPEAT_SLACK_BYTES,
} from "../wire/frame-codec.ts";
import { CAPABILITIES, checkHello, describePeer, hello, type Hello } from "../wire/hello.ts";
import { type HostMessage, hostMessageChecks, type OperationResult } from "../wire/host-messages.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { HostEnd, HostEndReason } from "./host-end.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { PacedReader } from "./paced-reader.ts";
import { ToolsetIds } from "./toolset-ids.ts";

/** What a connection does not deal with itself. */
export type SessionMessage = Exclude<
  HostMessage,
  { type: "hello" | "refused" | "admitted" | "response" | "pong" }
>;

export interface ConnectionOptions {
  /** What is started, for messages. */
  readonly name: string;
  /** Throws `host_lost` when there are no means to. */
  readonly start: () => ChildProcessWithoutNullStreams;
  readonly silenceMs: number;
  readonly residentBytes: number;
  readonly onMessage: (message: SessionMessage) => void;
  /** The child owes no answer and runs no cell any more. */
  readonly onIdle: () => void;
  /** Once. */
  readonly onEnd: (end: HostEnd) => void;
  readonly onLog: (line: string) => void;
}

/** Who made a request; told by calls, which nobody else can come between. */
export interface Requester {
  readonly admitted: (cellId: string) => void;
  /** Once, unless `failed` is called. */
  readonly answered: (value: JsonValue) => void;
  readonly failed: (error: Error) => void;
}

/** What prepares a request, which follows at once. */
const UNHURRIED: ReadonlySet<ClientMessage["type"]> = new Set([
  "open_session",
  "store",
  "define_tools",
  "forget_tools",
]);
/** What waits in this process for a child that does not read. */
const WAITING_BYTES = 4 * 1024 * 1024;
/** Until the child says hello: time for a slow machine to start a process. */
const START_MS = 30_000;
/** A child whose stdin was closed ends at once. */
const CLOSE_GRACE_MS = 1_000;
const LOG_TAIL_CHARS = 2_000;
const LOG_LINE_CHARS = 65_536;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Connection {
  readonly toolsets: ToolsetIds = new ToolsetIds((message) => {
    this.send(message);
  });
  /** Whether a request was answered with anything but an error of the protocol. */
  useful = false;
  /** Cells that started and are not known to have ended; kept by whoever is told. */
  #liveCells = 0;
  readonly #options: ConnectionOptions;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited = Promise.withResolvers<void>();
  readonly #hello = hello("@rollout-trace/runtime");
  readonly #writer: FrameWriter;
  /** First for the hello, then for everything else. */
  #heartbeat: Heartbeat;
  readonly #memory: MemoryWatch | null;
  readonly #pending = new Map<number, Requester>();
  #next = 1;
  /** Null until the child said who it is. */
  #host: Hello | null = null;
  /** Holds this process while the child owes an answer; the child and its pipes never do. */
  readonly #hold: NodeJS.Timeout;
  #end: HostEnd | null = null;
  #logTail = "";
  /** Of a line that has not ended, the end. */
  #logRest = "";
  /** Filled when the child does not read what it was answered; emptied when it does. */
  #deferred: (() => void)[] = [];

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#child = options.start();
    const { stdin, stdout, stderr, pid } = this.#child;
    this.#writer = new FrameWriter((bytes) => {
      if (stdin.writable) stdin.write(bytes);
    });
    this.#heartbeat = new Heartbeat({
      pid,
      silenceMs: START_MS,
      ping: () => {},
      silent: () => {
        this.kill("silent", `it did not say hello for ${START_MS} ms`);
      },
    });
    this.#heartbeat.active = true;
    this.#memory =
      pid === undefined
        ? null
        : new MemoryWatch(pid, options.residentBytes, (bytes) => {
            const limit = `${options.residentBytes} bytes (residentBytes)`;
            this.kill("memory", `its resident memory of ${bytes} bytes passed the limit of ${limit}`);
          });
    const decoder = new FrameDecoder((frame) => {
      this.#receive(frame);
    }, MAX_FRAME_BYTES + REPEAT_SLACK_BYTES);
    new PacedReader(stdout, (bytes) => {
      if (this.#host !== null) this.#heartbeat.heard();
      this.#writer.heard();
      if (this.#end === null) decoder.push(bytes);
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#log(text);
    });
    stdin.on("drain", () => {
      this.#runDeferred();
    });
    // That the other end is gone is noticed by the process's end.
    for (const stream of [stdin, stdout, stderr]) stream.on("error", () => {});
    this.#child.on("error", (error) => {
      this.#finish("not_started", `${options.name} could not be started: ${error.message}`);
      if (pid === undefined) this.#exited.resolve();
    });
    this.#child.on("close", (code, signal) => {
      const how = signal === null ? `exited with code ${String(code)}` : `was ended by ${signal}`;
      this.#log("\n");
      this.#finish("exited", `it ${how}`, this.#logTail.trim());
      this.#exited.resolve();
    });
    this.#hold = setInterval(() => {}, LONGEST_TIMER_MS).unref();
    this.#unref();
    this.send(this.#hello);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#end !== null;
  }

  /** Whether nothing is expected of the child. */
  get idle(): boolean {
    return this.#liveCells === 0 && this.#pending.size === 0;
  }

  cellStarted(): void {
    this.#liveCells += 1;
    this.#updateWatches();
  }

  cellEnded(): void {
    this.#liveCells -= 1;
    this.#updateWatches();
  }

  /** Throws `limit` when the message is larger than a frame. */
  send(message: ClientMessage): void {
    if (this.#end !== null) return;
    const json = JSON.stringify(message);
    if (!fits(json, MAX_FRAME_BYTES)) throw tooLarge(json, message.type);
    this.#writer.push(json, !UNHURRIED.has(message.type));
  }

  /** Sends `operation` and returns its number; throws `limit` as `send` does. It fails when the child ends before it answers. */
  request(session: number, operation: Operation, requester: Requester): number {
    const id = this.#next;
    if (this.#end !== null) requester.failed(lostError(this.#end));
    else {
      this.send({ type: "request", id, session, operation });
      this.#next += 1;
      this.#pending.set(id, requester);
      this.#hold.ref();
      this.#updateWatches();
    }
    return id;
  }

  /** Runs `work` when the child has taken most of what it was sent. Dropped when it ends before. */
  whenReading(work: () => void): void {
    if (this.#child.stdin.writableLength > WAITING_BYTES || this.#deferred.length > 0)
      this.#deferred.push(work);
    else work();
  }

  /** Ends the child at once. */
  kill(reason: HostEndReason, message: string): void {
    this.#child.kill("SIGKILL");
    this.#finish(reason, message);
  }

  /** Lets the child end in order, or kills it after a moment; resolves when it is gone. */
  async close(): Promise<void> {
    this.#writer.flush();
    this.#child.stdin.end();
    const timer = setTimeout(() => {
      this.#child.kill("SIGKILL");
    }, CLOSE_GRACE_MS);
    this.#finish("closed", "its provider was closed");
    this.#child.ref();
    await this.#exited.promise;
    clearTimeout(timer);
  }

  /** Resolves when the process is gone. */
  async gone(): Promise<void> {
    await this.#exited.promise;
  }

  #receive(frame: Frame): void {
    // One read may bring more frames after the one that ended the connection.
    if (this.#end !== null) return;
    if (frame.type === "oversized") {
      this.#violated(`a frame of ${frame.bytes} bytes`);
      return;
    }
    const decoded = decodeMessage<HostMessage>(frame.json, hostMessageChecks);
    if (!decoded.ok) this.#violated(decoded.problem);
    else this.#handle(decoded.message);
  }

  #handle(message: HostMessage): void {
    switch (message.type) {
      case "hello":
        this.#greet(message);
        return;
      case "refused":
        this.kill("incompatible", `it refused this client: ${message.message}`);
        return;
      case "pong":
        return;
      case "admitted":
        this.#pending.get(message.id)?.admitted(message.cellId);
        return;
      case "response":
        this.#answered(message.id, message.result);
        return;
      default:
        this.#options.onMessage(message);
    }
  }

  #greet(theirs: Hello): void {
    try {
      checkHello(this.#hello, theirs, CAPABILITIES);
      this.#greeted(theirs);
    } catch (error) {
      this.kill("incompatible", messageOf(error));
    }
  }

  #greeted(host: Hello): void {
    this.#host = host;
    this.#heartbeat[Symbol.dispose]();
    const { silenceMs } = this.#options;
    this.#heartbeat = new Heartbeat({
      pid: this.pid,
      silenceMs,
      ping: () => {
        this.send({ type: "ping", id: 0 });
      },
      silent: () => {
        this.kill("silent", `it said nothing for ${silenceMs} ms`);
      },
    });
    this.#updateWatches();
  }

  #answered(id: number, result: OperationResult): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (result.ok) {
      this.useful = true;
      pending.answered(result.value);
    } else pending.failed(errorOf(result.error));
    if (this.#pending.size === 0) this.#hold.unref();
    this.#updateWatches();
    if (this.idle) this.#options.onIdle();
  }

  #violated(what: string): void {
    const host = this.#host === null ? "a host that said no hello" : describePeer(this.#host);
    this.kill("garbled", `${describePeer(this.#hello)} does not understand ${host}: ${what}`);
  }

  #finish(reason: HostEndReason, cause: string, log = ""): void {
    if (this.#end !== null) return;
    const end = { reason, cause, message: log === "" ? cause : `${cause}: ${log}` };
    this.#end = end;
    this.#heartbeat[Symbol.dispose]();
    this.#memory?.[Symbol.dispose]();
    this.#deferred = [];
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    clearInterval(this.#hold);
    // What observers hear comes before what callers hear, as it does when a cell ends in order.
    this.#options.onEnd(end);
    for (const { failed } of pending) failed(lostError(end));
  }

  #runDeferred(): void {
    while (this.#deferred.length > 0 && this.#child.stdin.writableLength <= WAITING_BYTES) {
      this.#deferred.shift()?.();
    }
  }

  #updateWatches(): void {
    if (this.#end !== null) return;
    this.#heartbeat.active = this.#host === null || !this.idle;
    if (this.#memory !== null) this.#memory.active = this.#liveCells > 0;
  }

  #unref(): void {
    const { stdin, stdout, stderr } = this.#child;
    this.#child.unref();
    for (const stream of [stdin, stdout, stderr]) {
      // Pipes of a child are sockets; its type says streams.
      if ("unref" in stream) (stream as unknown as NodeJS.ReadStream).unref();
    }
  }

  #log(text: string): void {
    const lines = (this.#logRest + text).split("\n");
    const rest = lines.pop() ?? "";
    this.#logRest = rest.slice(-LOG_LINE_CHARS);
    for (const line of lines) {
      if (line === "") continue;
      this.#logTail = `${this.#logTail}${line}\n`.slice(-LOG_TAIL_CHARS);
      try {
        this.#options.onLog(line);
      } catch {
        // Whoever is told changes nothing.
      }
    }
  }
}

function tooLarge(json: string, what: string): CodeModeError {
  const range = `a frame of the process boundary may have up to ${MAX_FRAME_BYTES} bytes`;
  return new CodeModeError("limit", `a ${what} of ${Buffer.byteLength(json)} bytes is too large; ${range}`);
}

function lostError({ reason, message }: HostEnd): CodeModeError {
  const code: CodeModeErrorCode =
    reason === "closed" ? "shutting_down" : reason === "incompatible" ? "protocol" : "host_lost";
  return new CodeModeError(code, `code-mode-host is gone: ${message}`);
}

function errorOf({ code, message }: Extract<OperationResult, { ok: false }>["error"]): Error {
  if (code === "abandoned") return new DOMException(message, "AbortError");
  if (code === "internal") return new CodeModeError("protocol", `code-mode-host failed: ${message}`);
  return new CodeModeError(code, message);
}

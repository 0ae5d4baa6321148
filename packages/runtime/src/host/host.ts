/** One client's sessions: takes its messages, runs its operations, and tells it what happens. */
import type { JsonValue } from "@rollout-trace/protocol";
import { ObserverPort } from "../cell/observer-port.ts";
import { CodeModeError, messageOf } from "../errors.ts";
import { IsolatePool } from "../isolate/isolate-pool.ts";
import { Toolsets } from "../isolate/toolset.ts";
import { SessionCore } from "../session/session-core.ts";
import { type ClientMessage, clientMessageChecks, type WireTool } from "../wire/client-messages.ts";
import { decodeMessage, requestIdOf } from "../wire/decode-message.ts";
import {
  fits,
  type Frame,
  FrameDecoder,
  FrameWriter,
  MAX_FRAME_BYTES,
  REPEAT_SLACK_BYTES,
} from "../wire/frame-codec.ts";
import { checkHello, describePeer, type Hello, hello } from "../wire/hello.ts";
import type { HostMessage, OperationResult } from "../wire/host-messages.ts";
import { invocationJson } from "../wire/invocation-json.ts";
import { HostedSession } from "./hosted-session.ts";
import { ClientCalls } from "./client-calls.ts";
import { oversizedMessage } from "./oversized-message.ts";

export interface HostEnds {
  /** Returns when the bytes are out. */
  write(bytes: Buffer): void;
  /** Ends this process; called when the client cannot be served. */
  end(): void;
  log(message: string): void;
}

const MAX_SENT_BYTES = MAX_FRAME_BYTES + REPEAT_SLACK_BYTES;

/** Isolates kept ready per toolset. */
const POOL_SIZE = 2;
const GRACES = Object.freeze({
  /** A notification is a message to a model that is being written down; seconds are plenty. */
  notifyDrainMs: 5_000,
  /** A tool that does not answer its signal within a second will not. */
  abortGraceMs: 1_000,
});

/** Nobody can do anything with these in the moment until the next message, which in a short cell is all that follows. */
const UNHURRIED: ReadonlySet<HostMessage["type"]> = new Set(["event", "admitted", "stored", "cell_closed"]);

export class CodeModeHost {
  readonly #ends: HostEnds;
  readonly #decoder: FrameDecoder;
  readonly #writer: FrameWriter;
  readonly #pool = new IsolatePool(POOL_SIZE);
  readonly #toolsets = new Toolsets();
  readonly #tools = new Map<number, readonly WireTool[]>();
  readonly #sessions = new Map<number, HostedSession>();
  readonly #calls: ClientCalls;
  readonly #hello = hello("code-mode-host");
  /** Null until the client said who it is. */
  #client: Hello | null = null;
  #ended = false;

  constructor(ends: HostEnds) {
    this.#ends = ends;
    this.#decoder = new FrameDecoder((frame) => {
      this.#receive(frame);
    });
    this.#writer = new FrameWriter(
      (bytes) => {
        ends.write(bytes);
      },
      // Short scripts are over by then, and their responses have taken along what there was.
      (flush) => {
        this.#pool.chores.add(flush);
      },
    );
    this.#calls = new ClientCalls((message, inputJson) => this.#send(message, inputJson));
  }

  start(): void {
    this.#send(this.#hello);
  }

  /** The first `length` bytes; the buffer may be used again afterwards. */
  receive(bytes: Buffer, length: number = bytes.length): void {
    if (this.#ended) return;
    this.#writer.heard();
    this.#decoder.push(bytes, length);
  }

  #receive(frame: Frame): void {
    if (this.#ended) return;
    if (frame.type === "oversized") {
      const message = `a frame of ${frame.bytes} bytes; a frame may have up to ${MAX_FRAME_BYTES} bytes`;
      this.#reject(requestIdOf(frame.head), "limit", message);
      return;
    }
    const decoded = decodeMessage<ClientMessage>(frame.json, clientMessageChecks);
    if (!decoded.ok) {
      this.#reject(decoded.id, "protocol", `${this.#between()}: ${decoded.problem}`);
      return;
    }
    const { message } = decoded;
    if (message.type === "hello") this.#greet(message);
    else if (this.#client === null)
      this.#refuse(`${describePeer(this.#hello)} expects a hello before ${message.type}`);
    else this.#handle(message);
  }

  #greet(theirs: Hello): void {
    try {
      checkHello(this.#hello, theirs, []);
      this.#client = theirs;
    } catch (error) {
      this.#refuse(messageOf(error));
    }
  }

  #handle(message: Exclude<ClientMessage, Hello>): void {
    switch (message.type) {
      case "open_session":
        this.#open(message);
        return;
      case "store":
        this.#sessions.get(message.session)?.store(message.key, message.json);
        return;
      case "define_tools":
        this.#tools.set(message.toolset, message.tools);
        return;
      case "forget_tools":
        this.#tools.delete(message.toolset);
        return;
      case "request":
        void this.#serve(message);
        return;
      case "abandon":
        for (const session of this.#sessions.values()) session.abandon(message.id);
        return;
      case "call_answered":
        this.#calls.answered(message.call, message.answer);
        return;
      case "ping":
        this.#send({ type: "pong", id: message.id });
        return;
    }
  }

  #open({ session, firstCell, firstWait, observed }: Extract<ClientMessage, { type: "open_session" }>): void {
    if (this.#sessions.has(session)) {
      this.#ends.log(`session ${session} was opened already`);
      return;
    }
    const observer = new ObserverPort(
      observed ? { observe: (event) => this.#send({ type: "event", session, event }) } : undefined,
    );
    const resources = {
      pool: this.#pool,
      toolsets: this.#toolsets,
      graces: GRACES,
      isolateLost: (cellId: string, how: "stuck" | "poisoned") => {
        this.#send({ type: "isolate_lost", session, cellId, how });
      },
      stored: (key: string, json: string) => {
        this.#send({ type: "stored", session, key, json });
      },
    };
    const delegate = this.#calls.delegateOf(session);
    const core = new SessionCore(delegate, observer, resources, { cell: firstCell, wait: firstWait });
    this.#sessions.set(session, new HostedSession(core, this.#tools));
  }

  async #serve({
    id,
    session: number,
    operation,
  }: Extract<ClientMessage, { type: "request" }>): Promise<void> {
    const session = this.#sessions.get(number);
    if (session === undefined) {
      this.#reject(id, "protocol", `there is no session ${number}`);
      return;
    }
    let result: OperationResult;
    try {
      const value = await session.run(id, operation, (cellId) => {
        this.#send({ type: "admitted", id, cellId });
      });
      // Plain data of the protocol, and JSON on its way.
      result = { ok: true, value: value as JsonValue };
    } catch (error) {
      result = { ok: false, error: wireError(error) };
    }
    if (operation.type === "shutdown") this.#sessions.delete(number);
    this.#send({ type: "response", id, result });
  }

  #between(): string {
    const client = this.#client === null ? "a client that said no hello" : describePeer(this.#client);
    return `${describePeer(this.#hello)} does not understand ${client}`;
  }

  #reject(id: number | null, code: "limit" | "protocol", message: string): void {
    if (id === null) this.#ends.log(message);
    else this.#send({ type: "response", id, result: { ok: false, error: { code, message } } });
  }

  #refuse(message: string): void {
    this.#send({ type: "refused", message });
    this.#writer.flush();
    this.#ended = true;
    this.#ends.end();
  }

  /** Returns why the message was not sent, or null. */
  #send(message: HostMessage, inputJson?: string): string | null {
    const json = textOf(message, inputJson);
    if (json !== null && fits(json, MAX_SENT_BYTES)) {
      this.#writer.push(json, !UNHURRIED.has(message.type));
      return null;
    }
    const size = json === null ? "more than a text can have" : `${Buffer.byteLength(json)}`;
    const text = `${size} bytes; a frame of the process boundary may have up to ${MAX_FRAME_BYTES}`;
    const instead = oversizedMessage(message, text);
    if (instead === null) this.#ends.log(`left out a message ${message.type} of ${text}`);
    else this.#writer.push(JSON.stringify(instead));
    return text;
  }
}

/** Null when there is no text of that length. */
function textOf(message: HostMessage, inputJson: string | undefined): string | null {
  try {
    if (inputJson === undefined || message.type !== "invoke_tool") return JSON.stringify(message);
    return invocationJson(message, inputJson);
  } catch {
    return null;
  }
}

function wireError(error: unknown): Extract<OperationResult, { ok: false }>["error"] {
  if (error instanceof CodeModeError && error.code !== "host_lost") {
    return { code: error.code, message: error.message };
  }
  const message = messageOf(error);
  return { code: error instanceof Error && error.name === "AbortError" ? "abandoned" : "internal", message };
}

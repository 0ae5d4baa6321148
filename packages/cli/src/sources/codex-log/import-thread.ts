/**
 * One pass over the log of one thread.
 *
 * Every record comes out: items as parts of inference calls, accounts of tools as runtime events, the rest as breadcrumbs.
 * The exception is history that the file copies from the log of another thread: its items are context, the rest of it is
 * told where it happened.
 */
import {
  asId,
  type ExecutionStatus,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ThreadId,
  type ThreadOrigin,
  type TurnId,
} from "@rollout-trace/protocol";
import {
  type Derive,
  lineDocument,
  type LineRef,
  type LogDocument,
  type LogElement,
  valueAt,
  valueOf,
  valueUnder,
} from "../log/document.ts";
import { type LogFile, type LogLine, readAs } from "../log/log-file.ts";
import { agentMessage } from "./conversation-documents.ts";
import { CodexConversation, type Models } from "./conversation.ts";
import { History } from "./history.ts";
import { Inheritance } from "./inheritance.ts";
import { callOf, isUserInput, sortOf, typeOf } from "./items.ts";
import { idOf } from "../log/fields.ts";
import { type CodexRecord, isRecordType, payloadDocument, readRecord, STATE_MARKER } from "./record.ts";
import { runtimeEventOf } from "./runtime-events.ts";
import type { SessionHead } from "./session-head.ts";
import { type Adders, type Place, ThreadOutput } from "../log/thread-output.ts";
import type { CodexDraft, CodexOutput } from "./thread-output.ts";
import { ToolCalls } from "./tool-calls.ts";
import { Turns } from "../log/turns.ts";
import { type UsageOf, UsageRecords } from "./usage-records.ts";

/** A thread of a rollout: what its log says of it, and its place among the others. */
export interface LoggedThread {
  readonly head: SessionHead;
  readonly agentPath: string;
  readonly origin: ThreadOrigin;
}

/** A part of another thread's log that a thread's history begins with. */
export interface BaseHistory {
  readonly file: LogFile;
  readonly endOrdinal: number;
}

export interface ThreadLog {
  readonly file: LogFile;
  /** Oldest first. */
  readonly bases: readonly BaseHistory[];
}

/** The drafts of a thread, in the order of its log. */
export function* importThread(
  thread: LoggedThread,
  { file, bases }: ThreadLog,
  adders: Adders,
): Generator<CodexDraft, void, undefined> {
  const pass = new ThreadPass(thread, file, adders);
  pass.start();
  yield* pass.take();
  for (const base of bases) pass.goOnFrom(base);
  for (const line of file.lines()) {
    pass.read(line);
    yield* pass.take();
  }
  pass.finish();
  yield* pass.take();
}

const USAGE_OF_RECORD = valueUnder("payload", "usage");
const USAGE_OF_COUNT = valueUnder("payload", "info", "last_token_usage");

/** Reasons for the end of a turn that somebody wanted. */
const ABORTS: ReadonlyMap<string, ExecutionStatus> = new Map([
  ["interrupted", "cancelled"],
  ["replaced", "cancelled"],
]);

/** Events that tell of what the model made just before the item itself does. */
const TWIN_EVENTS: ReadonlySet<string> = new Set([
  "agent_reasoning",
  "agent_reasoning_raw_content",
  "agent_message",
]);
const TWIN_ITEMS: ReadonlySet<string> = new Set(["Reasoning", "AgentMessage"]);

function isTwinOfNext({ type, payload }: CodexRecord): boolean {
  if (type !== "event_msg") return false;
  if (payload["type"] !== "item_completed") return TWIN_EVENTS.has(idOf(payload["type"]) ?? "");
  return TWIN_ITEMS.has(idOf(valueAt(payload, ["item", "type"])) ?? "");
}

class ThreadPass {
  readonly #thread: LoggedThread;
  readonly #output: CodexOutput;
  readonly #conversation: CodexConversation;
  readonly #turns: Turns;
  readonly #calls: ToolCalls;
  readonly #history: History;
  readonly #usage = new UsageRecords();
  readonly #inheritance: Inheritance;
  #models: Models;
  #last: Place;
  /** Events about an item that the next record has. */
  #twins: { readonly at: Place; readonly type: string }[] = [];

  constructor(thread: LoggedThread, file: LogFile, adders: Adders) {
    const { head } = thread;
    this.#thread = thread;
    this.#output = new ThreadOutput(head.threadId, file, adders);
    this.#conversation = new CodexConversation(this.#output, () => this.#models);
    this.#turns = new Turns(this.#output);
    this.#calls = new ToolCalls(this.#output);
    this.#history = new History(this.#output, this.#conversation);
    this.#inheritance = new Inheritance(head);
    this.#models = { model: head.model ?? "unknown", provider: head.provider };
    this.#last = { line: 0, timeUs: head.startedTimeUs };
  }

  take(): readonly CodexDraft[] {
    return this.#output.take();
  }

  start(): void {
    const { head, agentPath, origin } = this.#thread;
    const { metaLine, nickname, model } = head;
    this.#output.say(this.#last.timeUs, () => ({
      type: "thread_started",
      thread_id: asId<ThreadId>(head.threadId),
      agent_path: agentPath,
      origin,
      nickname,
      model,
      metadata: metaLine === null ? null : this.#output.view(metaLine, "meta"),
    }));
  }

  read(logLine: LogLine): void {
    const line = logLine.number;
    const record = readAs(logLine, readRecord, "no record of a session log");
    if (typeof record === "string") {
      this.#output.report(line, this.#last.timeUs, record);
      return;
    }
    const at = { line, timeUs: record.timeUs ?? this.#last.timeUs };
    this.#last = at;
    if (this.#inheritance.covers(record, at)) this.#inherit(record, at, this.#output.line(line));
    else if (isTwinOfNext(record)) this.#twins.push({ at, type: idOf(record.payload["type"]) ?? "unknown" });
    else {
      this.#record(record, at);
      this.#sayTwins();
    }
    if (this.#output.isFull) this.#conversation.close();
  }

  /** Events that told of an item come after it, so that its request begins when the request was made. */
  #sayTwins(): void {
    for (const { type, at } of this.#twins) this.#breadcrumb(type, at);
    this.#twins = [];
  }

  finish(): void {
    const at = this.#last;
    this.#sayTwins();
    const isAnswered = !this.#turns.areTold && this.#conversation.isAnswered;
    this.#conversation.endTurn();
    if (isAnswered) this.#turns.end("completed", at);
    for (const element of this.#conversation.unsent()) this.#accept(element, at);
    this.#output.reportDamage(at);
    this.#turns.endThread(at);
  }

  /** The history of another thread that this one goes on from. Lines that cannot be read are told of where they are its own. */
  goOnFrom({ file, endOrdinal }: BaseHistory): void {
    for (const { number: line, content } of file.lines()) {
      const record = content.ok ? readRecord(content.value) : "unreadable";
      if (typeof record === "string") continue;
      if (record.ordinal !== null && record.ordinal >= endOrdinal) return;
      this.#inherit(record, this.#last, { file, line });
    }
  }

  /** Another thread's history: its items are context. */
  #inherit(record: CodexRecord, at: Place, ref: LineRef): void {
    const { type, payload } = record;
    if (type === "response_item" && sortOf(payload) !== "outside") {
      this.#conversation.give(payloadDocument(ref, record), at);
    } else if (type === "inter_agent_communication") {
      this.#conversation.give(lineDocument(ref, agentMessage), at);
    } else if (type === "compacted") {
      this.#history.inheritCompaction(payload, at, ref);
    } else if (type === "event_msg" && payload["type"] === "token_count") {
      this.#usage.skip(payload);
    }
  }

  #record(record: CodexRecord, at: Place): void {
    const { type, payload } = record;
    if (!isRecordType(type)) {
      if (type !== STATE_MARKER) {
        this.#output.report(at.line, at.timeUs, `a record of type ${JSON.stringify(type)} is not known`);
      }
      this.#breadcrumb(type, at);
      return;
    }
    switch (type) {
      case "response_item":
        this.#item(record, at);
        break;
      case "inter_agent_communication": {
        const item = agentMessage({ payload });
        this.#give(
          isJsonObject(item) ? item : {},
          lineDocument(this.#output.line(at.line), agentMessage),
          at,
        );
        break;
      }
      case "event_msg":
        this.#event(payload, at);
        break;
      case "compacted":
        this.#history.compact(payload, at, { turnId: this.#turns.open, models: this.#models });
        break;
      case "token_usage_record":
        this.#use(this.#usage.ofRecord(payload), USAGE_OF_RECORD, at);
        this.#breadcrumb(type, at);
        break;
      case "turn_context":
        this.#setModel(payload["model"]);
        this.#breadcrumb(type, at);
        break;
      case "session_meta":
        // The first is the thread's metadata.
        if (at.line !== this.#thread.head.metaLine) this.#breadcrumb(type, at);
        break;
      case "world_state":
      case "inter_agent_communication_metadata":
        this.#breadcrumb(type, at);
        break;
    }
  }

  #item(record: CodexRecord, at: Place): void {
    const { payload: item, bare } = record;
    const sort = sortOf(item);
    const document = payloadDocument(this.#output.line(at.line), record);
    if (sort === "outside") {
      this.#breadcrumb("response_item", at);
      return;
    }
    if (sort === "given") {
      if (bare && !this.#turns.areTold && isUserInput(item)) {
        this.#conversation.endTurn();
        this.#turns.beginUntold(at);
      }
      this.#give(item, document, at);
      return;
    }
    const turnId = this.#turns.current(at);
    this.#conversation.make(document, at, { turnId, isMessage: typeOf(item) === "message" });
    const call = callOf(item);
    if (call !== null) this.#calls.start(call, at);
  }

  #give(item: JsonObject, document: LogDocument, at: Place): void {
    if (isUserInput(item)) this.#history.input(document);
    this.#conversation.give(document, at);
    this.#calls.agents.receive(item, at);
    this.#calls.end(item, at);
  }

  #event(event: JsonObject, at: Place): void {
    const type = idOf(event["type"]) ?? "unknown";
    const account = runtimeEventOf(event);
    if (account !== null && account.type !== "agent") {
      this.#calls.account(account, at);
      return;
    }
    // Who was reached is no account of what a tool did: the event is kept as well.
    if (account !== null) this.#calls.account(account, at);
    if (type === "task_started" || type === "turn_started") this.#turnBegins(event, at);
    else if (type === "task_complete" || type === "turn_complete") this.#turnEnds(event, at);
    else if (type === "turn_aborted") this.#turnIsAborted(event, at);
    else if (type === "user_message" && !this.#turns.areTold) {
      this.#conversation.endTurn();
      this.#turns.beginUntold(at);
    } else if (type === "token_count") {
      this.#use(this.#usage.ofCount(event), USAGE_OF_COUNT, at);
    } else if (type === "thread_rolled_back") this.#history.rollBack(event, at);
    else if (type === "thread_settings_applied") {
      this.#setModel(valueAt(event, ["thread_settings", "model"]));
    }
    this.#breadcrumb(type, at);
  }

  #turnBegins(event: JsonObject, at: Place): void {
    this.#conversation.endTurn();
    this.#turns.begin(idOf(event["turn_id"]) ?? this.#output.idAt<TurnId>(at.line), at);
    this.#calls.cells.forgetEnded();
  }

  /** Whether the end of a turn is that of the open one: a host may run another turn inside. */
  #isOfOpenTurn(event: JsonObject): boolean {
    const id = idOf(event["turn_id"]);
    return id === null || !this.#turns.areTold || this.#turns.open === null || id === this.#turns.open;
  }

  #turnEnds(event: JsonObject, at: Place): void {
    if (!this.#isOfOpenTurn(event)) return;
    const error = event["error"];
    const open = this.#turns.open;
    if (isJsonObject(error) && open !== null) {
      this.#conversation.fail(at, idOf(error["message"]) ?? JSON.stringify(error), open);
    }
    this.#endTurn(isJsonObject(error) ? "failed" : "completed", at);
  }

  #turnIsAborted(event: JsonObject, at: Place): void {
    if (this.#isOfOpenTurn(event)) this.#endTurn(ABORTS.get(idOf(event["reason"]) ?? "") ?? "aborted", at);
  }

  #endTurn(status: ExecutionStatus, at: Place): void {
    this.#conversation.endTurn();
    this.#turns.end(status, at);
  }

  #use(use: UsageOf | null, derive: Derive, at: Place): void {
    if (use === null) return;
    const document = lineDocument(this.#output.line(at.line), derive);
    this.#conversation.use({ ...at, document, responseId: use.responseId });
  }

  #setModel(model: JsonValue | undefined): void {
    const name = idOf(model);
    if (name !== null) this.#models = { ...this.#models, model: name };
  }

  /** An item that no request of the log carries any more. */
  #accept(element: LogElement, at: Place): void {
    if (element.type !== "line") return;
    const value = valueOf(element);
    this.#output.accept(element, at.timeUs, isJsonObject(value) ? idOf(value["id"]) : null);
  }

  #breadcrumb(eventType: string, at: Place): void {
    const event = this.#output.view(at.line, "event");
    this.#output.say(at.timeUs, () => ({ type: "protocol_event_observed", event_type: eventType, event }));
  }
}

/**
 * One pass over the entries of one thread.
 *
 * Every entry comes out: messages and attachments as parts of requests and responses, accounts of tools as runtime events, the
 * rest as breadcrumbs.
 */
import {
  type ExecutionStatus,
  isJsonObject,
  type JsonObject,
  type ProviderItemId,
} from "@rollout-trace/protocol";
import { lineDocument, type LogElement, spread } from "../log/document.ts";
import { idOf, stringOf } from "../log/fields.ts";
import type { LogFile } from "../log/log-file.ts";
import { type Adders, type LateEvent, type Place, ThreadOutput } from "../log/thread-output.ts";
import { attachmentMessage, attachmentOf, isShown } from "./attachments.ts";
import type { Segment } from "./branches.ts";
import type { ClaudeConversation } from "./conversation.ts";
import { History } from "./history.ts";
import { assistantMessageOf, blocksIn, messageOf, usageIn } from "./messages.ts";
import type { ClaudeDraft, ClaudeOutput } from "./output.ts";
import { errorText, isSynthetic } from "./provider-errors.ts";
import { blocksOf, type Entry, eventTypeOf, saysTheSame, textOf } from "./record.ts";
import { responseIdOf, Responses } from "./responses.ts";
import type { Roster } from "./roster.ts";
import { ToolCalls } from "./tool-calls.ts";
import { firstOf } from "./tool-documents.ts";
import { ClaudeTurns } from "./turns.ts";
import { isOfTool, sortOfUser } from "./user-entries.ts";

export interface ThreadOptions {
  readonly threadId: string;
  /** The `thread_started` of the thread, once it is known who started it. */
  readonly started: (roster: Roster) => readonly LateEvent[];
  readonly startedTimeUs: number;
  /** Whether what responses cost is told. Repeated entries tell what was known when their response began. */
  readonly hasUsage: boolean;
  readonly model: string | null;
}

export class ThreadPass {
  readonly output: ClaudeOutput;
  readonly calls: ToolCalls;
  readonly #options: ThreadOptions;
  readonly #history: History;
  readonly #conversation: ClaudeConversation;
  readonly #turns: ClaudeTurns;
  readonly #responses: Responses;
  #model: string;
  #last: Place;
  /** Whether the thread has been told of. What is copied into it happened elsewhere, and before. */
  #isBegun = false;
  #isFinished = false;

  constructor(options: ThreadOptions, file: LogFile, adders: Adders) {
    this.#options = options;
    this.output = new ThreadOutput(options.threadId, file, adders);
    this.calls = new ToolCalls(this.output);
    this.#history = new History(this.output, this.calls);
    this.#conversation = this.#history.conversation;
    this.#turns = new ClaudeTurns({
      output: this.output,
      conversation: this.#conversation,
      calls: this.calls,
    });
    this.#responses = new Responses(file);
    this.#model = options.model ?? "unknown";
    this.#last = { line: 0, timeUs: options.startedTimeUs };
  }

  take(): readonly ClaudeDraft[] {
    return this.output.take();
  }

  /** When the entry read last was written. */
  get last(): Place {
    return this.#last;
  }

  /** An entry of the thread. */
  read(entry: Entry, line: number): void {
    const at = this.#moveTo(entry, line);
    this.#begin(at);
    if (this.#isFinished) this.#resume(at);
    if (this.#isRepeated(entry)) {
      this.breadcrumb(entry, at);
      return;
    }
    this.#history.note(entry);
    if (entry.type === "user") this.#user(entry, at);
    else if (entry.type === "assistant") this.#assistant(entry, at);
    else if (entry.type === "attachment") this.#attachment(entry, at);
    else this.#other(entry, at);
    if (this.output.isFull) this.#conversation.close();
  }

  /** An entry that was copied from another thread or session: context, whose requests and calls are told there. */
  inherit(entry: Entry, line: number): void {
    const at = this.#moveTo(entry, line);
    const ref = this.output.line(line);
    if (entry.type === "assistant" && !isSynthetic(entry))
      this.#history.give(lineDocument(ref, assistantMessageOf), at);
    else if (entry.type === "user") this.#history.give(lineDocument(ref, messageOf), at);
    else if (entry.type === "attachment" && isShown(attachmentOf(entry.value))) {
      this.#history.give(lineDocument(ref, attachmentMessage), at);
    }
    this.#history.mark(entry, at);
  }

  /** An entry that changes nothing. */
  breadcrumb(entry: Entry, at: Place): void {
    this.#begin(at);
    const event = this.output.view(at.line, "event");
    this.output.say(at.timeUs, () => ({
      type: "protocol_event_observed",
      event_type: eventTypeOf(entry),
      event,
    }));
  }

  /** The end of what there is of the thread. `told` is how it ended, where others say so. */
  finish(told: ExecutionStatus | null = null): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const at = this.#last;
    this.#begin(at);
    this.#history.compactions.settle();
    this.#turns.finish(told, at);
    this.#history.acceptUnsent(at);
    this.#turns.endThread(at);
  }

  #begin({ timeUs }: Place): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.output.sayLate(timeUs, this.#options.started);
  }

  /** A thread that was over goes on. */
  #resume(at: Place): void {
    this.#isFinished = false;
    this.#turns.resumeThread(at);
  }

  #moveTo(entry: Entry, line: number): Place {
    this.#last = { line, timeUs: entry.timeUs ?? this.#last.timeUs };
    return this.#last;
  }

  /** Whether a file has an entry twice. Two that only share a redacted uuid are two. */
  #isRepeated({ uuid, value }: Entry): boolean {
    const line = uuid === null ? null : this.#history.lineOf(uuid);
    const known = line === null ? null : this.#responses.entryAt(line);
    return known !== null && saysTheSame(known, value);
  }

  #user(entry: Entry, at: Place): void {
    const element = lineDocument(this.output.line(at.line), messageOf);
    switch (sortOfUser(entry)) {
      case "results":
        this.#results(entry, element, at);
        break;
      case "summary":
        this.#summary(entry, element, at);
        break;
      case "interruption":
        this.#interruption(entry, element, at);
        break;
      case "prompt":
        this.#turns.leave(at);
        this.#history.go(entry, at);
        this.#turns.ask(at);
        this.#history.give(element, at);
        break;
      case "notice":
        this.#notice(entry, element, at);
        break;
    }
  }

  /** Results follow their calls, wherever in the conversation those are. */
  #results(entry: Entry, element: LogElement, at: Place): void {
    const { message, value } = entry;
    const blocks = blocksOf(message);
    const first = firstOf(blocks, "tool_result");
    let segment: Segment | null = null;
    for (const [index, block] of blocks.entries()) {
      if (!isJsonObject(block) || block["type"] !== "tool_result") continue;
      segment ??= this.calls.callOf(block)?.segment ?? null;
      this.calls.end({ block, index, isFirst: index === first }, value["toolUseResult"], at);
    }
    if (segment === null || this.#history.isLive(segment)) {
      this.#history.mark(entry, at);
      this.#history.give(element, at);
      this.#turns.owe();
      return;
    }
    this.#history.follow(entry, at);
    this.#history.leaveBehind(segment, element);
    this.#history.accept(element, at);
  }

  #summary(entry: Entry, element: LogElement, at: Place): void {
    const { compactions } = this.#history;
    const hasHistory = compactions.isPending || this.#conversation.hasHistory;
    if (!hasHistory) this.#history.give(element, at);
    else compactions.summarise(element, at);
    this.#history.mark(entry, at);
  }

  #interruption(entry: Entry, element: LogElement, at: Place): void {
    const text = textOf(entry.message["content"]);
    const turnId = this.#turns.open;
    if (turnId !== null) {
      const interrupted = idOf(entry.value["interruptedMessageId"]);
      const asked = { model: this.#model, turnId };
      this.#conversation.interrupt(at, { ...asked, reason: text, interrupted, isOfTool: isOfTool(text) });
    }
    this.#history.go(entry, at);
    this.#history.give(element, at);
    this.#turns.end("cancelled", at);
  }

  #notice(entry: Entry, element: LogElement, at: Place): void {
    const text = textOf(entry.message["content"]);
    if (entry.value["isMeta"] !== true) this.#turns.wake(at);
    this.calls.agents.notify(text, at);
    if (this.#history.goesBack(entry)) this.#history.go(entry, at);
    else this.#history.mark(entry, at);
    this.#history.give(element, at);
  }

  #assistant(entry: Entry, at: Place): void {
    if (isSynthetic(entry)) {
      this.#synthetic(entry, at);
      return;
    }
    const shared = responseIdOf(entry);
    const sort = this.#responses.sortOf(entry, this.#conversation);
    if (sort.type === "copy") {
      this.#history.alias(entry, sort.of);
      this.breadcrumb(entry, at);
      return;
    }
    if (shared !== null) this.#responses.add(shared, at.line);
    if (sort.type === "late") this.#late(entry, at);
    else {
      if (sort.type === "first") this.#respond(entry, shared, at);
      this.#part(entry, at);
    }
    this.#history.mark(entry, at);
    this.#startCalls(entry.message, at);
  }

  /** The first entry of a response. */
  #respond(entry: Entry, shared: string | null, at: Place): void {
    this.#history.close();
    const turnId = this.#turns.respond(at);
    this.#history.go(entry, at);
    this.#model = idOf(entry.message["model"]) ?? this.#model;
    const id = shared ?? this.output.idAt<ProviderItemId>(at.line);
    this.#conversation.begin({ id, shared, turnId, model: this.#model }, at);
  }

  #part({ message }: Entry, at: Place): void {
    const ref = this.output.line(at.line);
    const { usage, stop_reason: stop } = message;
    const blocks = blocksOf(message);
    this.#conversation.add(
      {
        elements: [spread(lineDocument(ref, blocksIn))],
        usage: this.#options.hasUsage && isJsonObject(usage) ? lineDocument(ref, usageIn) : null,
        asksForTools: firstOf(blocks, "tool_use") !== -1,
        isAnswer: firstOf(blocks, "text") !== -1 || stop === "end_turn",
        isWhole: typeof stop === "string",
      },
      at,
    );
  }

  /** A part of a response that something else came after: the model sees it there, and no request is known for it alone. */
  #late(entry: Entry, at: Place): void {
    this.#history.go(entry, at);
    this.#history.give(lineDocument(this.output.line(at.line), assistantMessageOf), at);
  }

  #startCalls(message: JsonObject, at: Place): void {
    const blocks = blocksOf(message);
    const first = firstOf(blocks, "tool_use");
    for (const [index, block] of blocks.entries()) {
      if (!isJsonObject(block) || block["type"] !== "tool_use") continue;
      this.calls.start({ block, index, isFirst: index === first }, at, this.#history.tip);
    }
  }

  /** What the host says in the model's name: an error of the provider, or a filler that later requests carry. */
  #synthetic(entry: Entry, at: Place): void {
    const { value, message } = entry;
    this.#history.follow(entry, at);
    if (value["isApiErrorMessage"] !== true) {
      this.#history.give(lineDocument(this.output.line(at.line), assistantMessageOf), at);
      return;
    }
    const text = textOf(message["content"]);
    this.#fail(text === "" ? errorText(value) : text, at);
    this.breadcrumb(entry, at);
  }

  #fail(error: string, at: Place): void {
    this.#history.close();
    const turnId = this.#turns.fail(at);
    this.#conversation.fail(at, error, { model: this.#model, turnId });
  }

  #attachment(entry: Entry, at: Place): void {
    const segment = this.#history.trail(entry, at);
    if (!isShown(attachmentOf(entry.value))) {
      this.breadcrumb(entry, at);
      return;
    }
    const element = lineDocument(this.output.line(at.line), attachmentMessage);
    if (this.#history.isLive(segment)) this.#history.give(element, at);
    else {
      this.#history.leaveBehind(segment, element);
      this.breadcrumb(entry, at);
    }
  }

  #other(entry: Entry, at: Place): void {
    const { type, value } = entry;
    const { compactions } = this.#history;
    const subtype = type === "system" ? stringOf(value["subtype"]) : null;
    if (subtype === "compact_boundary") compactions.begin(value, at);
    else if (subtype === "microcompact_boundary") compactions.clear(value, at);
    else if (subtype === "api_error") this.#fail(errorText(value), at);
    else if (subtype === "turn_duration") this.#turns.end("completed", at);
    if (subtype === "compact_boundary") this.#history.mark(entry, at);
    else this.#history.trail(entry, at);
    this.breadcrumb(entry, at);
  }
}

/**
 * One pass over the entries of one thread.
 *
 * Every entry comes out: messages and attachments as parts of requests and responses, accounts of tools as runtime events, the
 * rest as breadcrumbs.
 */
import {
  asId,
  type ExecutionStatus,
  isJsonObject,
  type JsonObject,
  type ProviderItemId,
  type ThreadId,
} from "@rollout-trace/protocol";
import { append, lineDocument, type LogElement, spread } from "../log/document.ts";
import { idOf, stringOf } from "../log/fields.ts";
import type { LogFile } from "../log/log-file.ts";
import { type Adders, type LateEvent, type Place, ThreadOutput } from "../log/thread-output.ts";
import { Turns } from "../log/turns.ts";
import { attachmentMessage, attachmentOf, isShown } from "./attachments.ts";
import { Branches, NOTHING, type Segment } from "./branches.ts";
import { Compactions } from "./compactions.ts";
import { ClaudeConversation } from "./conversation.ts";
import { assistantMessageOf, blocksIn, messageOf, usageIn } from "./messages.ts";
import type { ClaudeDraft, ClaudeOutput } from "./output.ts";
import { errorText, isSynthetic } from "./provider-errors.ts";
import { blocksOf, type Entry, eventTypeOf, saysTheSame, textOf } from "./record.ts";
import { responseIdOf, Responses } from "./responses.ts";
import type { Roster } from "./roster.ts";
import { ToolCalls } from "./tool-calls.ts";
import { firstOf } from "./tool-documents.ts";
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

/** Events of one request that are waited for. No request has had a hundredth of this; a transcript could go on for ever. */
const MAX_HELD = 100_000;

export class ThreadPass {
  readonly output: ClaudeOutput;
  readonly calls: ToolCalls;
  readonly #options: ThreadOptions;
  readonly #conversation: ClaudeConversation;
  readonly #branches = new Branches();
  readonly #turns: Turns;
  readonly #compactions: Compactions;
  readonly #responses: Responses;
  #model: string;
  #last: Place;
  /** Whether entries of this thread name others: then one that names none begins another conversation. */
  #hasParents = false;
  /** Something that may have woken the agent after its last answer. */
  #woken: Place | null = null;
  /** Whether a prompt or a result has not been answered. */
  #isOwed = false;
  /** Whether the last thing that happened was an error of the provider. */
  #hasFailed = false;
  /** Whether the thread has been told of. What is copied into it happened elsewhere, and before. */
  #isBegun = false;
  #isFinished = false;

  constructor(options: ThreadOptions, file: LogFile, adders: Adders) {
    this.#options = options;
    this.output = new ThreadOutput(options.threadId, file, adders);
    this.calls = new ToolCalls(this.output);
    this.#conversation = new ClaudeConversation(this.output);
    this.#turns = new Turns(this.output);
    this.#responses = new Responses(file);
    this.#compactions = new Compactions({
      output: this.output,
      conversation: this.#conversation,
      branches: this.#branches,
      calls: this.calls,
    });
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
    this.#hasParents ||= typeof entry.parent === "string";
    if (entry.type === "user") this.#user(entry, at);
    else if (entry.type === "assistant") this.#assistant(entry, at);
    else if (entry.type === "attachment") this.#attachment(entry, at);
    else this.#other(entry, at);
    if (this.output.held > MAX_HELD) this.#conversation.close();
  }

  /** An entry that was copied from another thread or session: context, whose requests and calls are told there. */
  inherit(entry: Entry, line: number): void {
    const at = this.#moveTo(entry, line);
    const ref = this.output.line(line);
    if (entry.type === "assistant" && !isSynthetic(entry))
      this.#give(lineDocument(ref, assistantMessageOf), at);
    else if (entry.type === "user") this.#give(lineDocument(ref, messageOf), at);
    else if (entry.type === "attachment" && isShown(attachmentOf(entry.value))) {
      this.#give(lineDocument(ref, attachmentMessage), at);
    }
    if (entry.uuid !== null) this.#branches.mark(entry.uuid, line);
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
    this.#compactions.settle();
    const isAnswered = this.#conversation.hasAnswered && !this.#isOwed && !this.calls.hasPending;
    const isOver = isAnswered || this.#hasFailed;
    this.#conversation.close();
    const status = told ?? (isOver ? "completed" : null);
    if (status !== null) this.#turns.end(this.#hasFailed ? "failed" : status, at);
    for (const element of this.#conversation.unsent()) this.#accept(element, at);
    const last = this.#turns.lastStatus;
    if (last === null || last === "running") return;
    const thread_id = asId<ThreadId>(this.output.threadId);
    this.output.say(at.timeUs, () => ({ type: "thread_ended", thread_id, status: last }));
  }

  #begin({ timeUs }: Place): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.output.sayLate(timeUs, this.#options.started);
  }

  /** A thread that was over goes on. */
  #resume({ timeUs }: Place): void {
    this.#isFinished = false;
    const last = this.#turns.lastStatus;
    if (last === null || last === "running") return;
    const thread_id = asId<ThreadId>(this.output.threadId);
    this.output.say(timeUs, () => ({ type: "thread_resumed", thread_id }));
  }

  #moveTo(entry: Entry, line: number): Place {
    this.#last = { line, timeUs: entry.timeUs ?? this.#last.timeUs };
    return this.#last;
  }

  /** Whether a file has an entry twice. Two that only share a redacted uuid are two. */
  #isRepeated({ uuid, value }: Entry): boolean {
    const line = uuid === null ? null : this.#branches.lineOf(uuid);
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
        this.#endTurn(this.calls.hasPending || this.#isOwed ? "aborted" : "completed", at);
        this.#go(entry, at);
        this.#turns.beginUntold(at);
        this.#give(element, at);
        this.#isOwed = true;
        break;
      case "notice":
        this.#notice(entry, element, at);
        break;
    }
  }

  /** Results follow their calls, wherever in the conversation those are. */
  #results({ uuid, message, value, parent }: Entry, element: LogElement, at: Place): void {
    const blocks = blocksOf(message);
    const first = firstOf(blocks, "tool_result");
    let segment: Segment | null = null;
    for (const [index, block] of blocks.entries()) {
      if (!isJsonObject(block) || block["type"] !== "tool_result") continue;
      segment ??= this.calls.callOf(block)?.segment ?? null;
      this.calls.end({ block, index, isFirst: index === first }, value["toolUseResult"], at);
    }
    if (segment === null || this.#branches.isLive(segment)) {
      if (uuid !== null) this.#branches.mark(uuid, at.line);
      this.#give(element, at);
      this.#isOwed = true;
      return;
    }
    if (uuid !== null) this.#branches.follow(uuid, at.line, parent);
    this.#leaveBehind(segment, element);
    this.#accept(element, at);
  }

  #summary(entry: Entry, element: LogElement, at: Place): void {
    const hasHistory = this.#compactions.isPending || this.#conversation.hasHistory;
    if (!hasHistory) this.#give(element, at);
    else this.#compactions.summarise(element, at);
    if (entry.uuid !== null) this.#branches.mark(entry.uuid, at.line);
  }

  #interruption(entry: Entry, element: LogElement, at: Place): void {
    const text = textOf(entry.message["content"]);
    const turnId = this.#turns.open;
    if (turnId !== null) {
      const interrupted = idOf(entry.value["interruptedMessageId"]);
      const asked = { model: this.#model, turnId };
      this.#conversation.interrupt(at, { ...asked, reason: text, interrupted, isOfTool: isOfTool(text) });
    }
    this.#hasFailed = false;
    this.#go(entry, at);
    this.#give(element, at);
    this.#endTurn("cancelled", at);
  }

  #notice(entry: Entry, element: LogElement, at: Place): void {
    const text = textOf(entry.message["content"]);
    if (this.#conversation.isIdle && entry.value["isMeta"] !== true) this.#woken = at;
    this.calls.agents.notify(text, at);
    const step = this.#step(entry);
    if (step.type === "back") this.#go(entry, at);
    else if (entry.uuid !== null) this.#branches.mark(entry.uuid, at.line);
    this.#give(element, at);
  }

  #assistant(entry: Entry, at: Place): void {
    const { uuid, message } = entry;
    if (isSynthetic(entry)) {
      this.#synthetic(entry, at);
      return;
    }
    const shared = responseIdOf(entry);
    const open = this.#conversation.open;
    const goesOn = shared === null ? this.#goesOnNameless(entry) : open !== null && shared === open.shared;
    // What follows another entry of its response is the next part of it.
    const mayBeCopy = !goesOn || typeof entry.parent !== "string";
    if (mayBeCopy && shared !== null && this.#responses.has(shared)) {
      const original = this.#responses.copied(shared, entry);
      if (original !== undefined) {
        if (uuid !== null) this.#branches.alias(uuid, original);
        this.breadcrumb(entry, at);
        return;
      }
    }
    const isLate = !goesOn && shared !== null && this.#responses.has(shared);
    if (shared !== null) this.#responses.add(shared, at.line);
    if (isLate) this.#late(entry, at);
    else {
      if (!goesOn) this.#respond(entry, shared, at);
      this.#part(entry, at);
    }
    if (uuid !== null) this.#branches.mark(uuid, at.line);
    this.#startCalls(message, at);
  }

  #goesOnNameless(entry: Entry): boolean {
    const repeats = this.#responses.goesOnNameless(entry);
    const { open } = this.#conversation;
    return repeats && open !== null && open.shared === null && !this.#conversation.isAsked;
  }

  /** The first entry of a response. */
  #respond(entry: Entry, shared: string | null, at: Place): void {
    this.#compactions.settle();
    this.#conversation.close();
    const woken = this.#woken;
    if (woken !== null) {
      this.#endTurn("completed", at);
      this.#turns.beginUntold({ line: woken.line, timeUs: at.timeUs });
    }
    if (this.#turns.open === null) this.#turns.beginUntold(at);
    this.#go(entry, at);
    this.#hasFailed = false;
    this.#isOwed = false;
    this.#model = idOf(entry.message["model"]) ?? this.#model;
    const turnId = this.#turns.current(at);
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
    this.#go(entry, at);
    this.#give(lineDocument(this.output.line(at.line), assistantMessageOf), at);
  }

  #startCalls(message: JsonObject, at: Place): void {
    const blocks = blocksOf(message);
    const first = firstOf(blocks, "tool_use");
    for (const [index, block] of blocks.entries()) {
      if (!isJsonObject(block) || block["type"] !== "tool_use") continue;
      this.calls.start({ block, index, isFirst: index === first }, at, this.#branches.tip);
    }
  }

  /** What the host says in the model's name: an error of the provider, or a filler that later requests carry. */
  #synthetic(entry: Entry, at: Place): void {
    const { uuid, parent, value, message } = entry;
    if (uuid !== null) this.#branches.follow(uuid, at.line, parent);
    if (value["isApiErrorMessage"] !== true) {
      this.#give(lineDocument(this.output.line(at.line), assistantMessageOf), at);
      return;
    }
    const text = textOf(message["content"]);
    this.#fail(text === "" ? errorText(value) : text, at);
    this.breadcrumb(entry, at);
  }

  #fail(error: string, at: Place): void {
    this.#compactions.settle();
    this.#conversation.close();
    if (this.#turns.open === null) this.#turns.beginUntold(at);
    const turnId = this.#turns.current(at);
    this.#conversation.fail(at, error, { model: this.#model, turnId });
    this.#hasFailed = true;
  }

  #attachment(entry: Entry, at: Place): void {
    const { uuid, parent, value } = entry;
    const segment =
      uuid === null
        ? this.#branches.tip
        : this.#branches.follow(uuid, at.line, this.#hasParents ? parent : undefined);
    if (!isShown(attachmentOf(value))) {
      this.breadcrumb(entry, at);
      return;
    }
    const element = lineDocument(this.output.line(at.line), attachmentMessage);
    if (this.#branches.isLive(segment)) this.#give(element, at);
    else {
      this.#leaveBehind(segment, element);
      this.breadcrumb(entry, at);
    }
  }

  #other(entry: Entry, at: Place): void {
    const { type, uuid, parent, value } = entry;
    const subtype = type === "system" ? stringOf(value["subtype"]) : null;
    if (subtype === "compact_boundary") this.#compactions.begin(value, at);
    else if (subtype === "microcompact_boundary") this.#compactions.clear(value, at);
    else if (subtype === "api_error") this.#fail(errorText(value), at);
    else if (subtype === "turn_duration") this.#endTurn("completed", at);
    if (uuid !== null) {
      if (subtype === "compact_boundary") this.#branches.mark(uuid, at.line);
      else this.#branches.follow(uuid, at.line, this.#hasParents ? parent : undefined);
    }
    this.breadcrumb(entry, at);
  }

  /** Gives what is shown to the model where the conversation is. */
  #give(element: LogElement, at: Place): void {
    if (!this.#compactions.defer(element, at)) this.#conversation.give(element, at);
  }

  /** What came to a part of the conversation that the model does not see: it is seen by who goes back there. */
  #leaveBehind(segment: Segment, element: LogElement): void {
    const { live, given, continues } = segment.end ?? NOTHING;
    segment.end = { live: append(live, element), given: given + 1, continues };
  }

  #step({ parent, type }: Entry) {
    const says = parent === null && (!this.#hasParents || type !== "user") ? undefined : parent;
    return this.#branches.step(says);
  }

  /** Goes where an entry belongs, which begins a segment there. */
  #go(entry: Entry, at: Place): void {
    this.#compactions.settle();
    this.#conversation.close();
    const step = this.#step(entry);
    this.#branches.begin(step, this.#conversation.context);
    if (step.type === "back") {
      // What was never answered is in no request, and yet was said.
      for (const element of this.#conversation.unsent()) this.#accept(element, at);
      this.#conversation.restore(step.to?.end ?? NOTHING, at);
    }
    if (entry.uuid !== null) this.#branches.mark(entry.uuid, at.line);
  }

  #endTurn(status: ExecutionStatus, at: Place): void {
    this.#conversation.close();
    this.#turns.end(status === "completed" && this.#hasFailed ? "failed" : status, at);
    this.calls.forgetPending();
    this.#hasFailed = false;
    this.#isOwed = false;
    this.#woken = null;
  }

  /** An element that no request carries any more. */
  #accept(element: LogElement, at: Place): void {
    if (element.type !== "line") return;
    const { line } = element;
    const id = this.output.idAt<ProviderItemId>(line);
    const item = this.output.payload(line, "item", "protocol_event", element);
    this.output.say(at.timeUs, () => ({ type: "history_item_accepted", item_id: id, item }));
  }
}

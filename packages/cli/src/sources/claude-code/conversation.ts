/**
 * Makes inference calls of the entries of a transcript.
 *
 * A transcript has no requests. A response is the entries that carry one message id, each a block or a few; what was given to
 * the model since the response before it is its request. A request continues a response; only the first of a thread, and the
 * first after its history was replaced, carries the whole context, so a conversation of n entries costs n.
 */
import {
  asId,
  type InferenceCallId,
  type InferenceStarted,
  type PayloadRef,
  type RawEventPayload,
  type ThreadId,
  type TurnId,
} from "@rollout-trace/protocol";
import {
  append,
  arrayDocument,
  elementDocuments,
  listDocument,
  type ListNode,
  literalDocument,
  type LogDocument,
  type LogElement,
  objectDocument,
} from "../log/document.ts";
import type { Place } from "../log/thread-output.ts";
import type { ClaudeOutput } from "./output.ts";

/** What the model would be shown, and how much of it no response has answered. */
export interface Context {
  readonly live: ListNode | null;
  /** How many elements at the end of `live` were given since the response that a request would continue. */
  readonly given: number;
  /** That response; null where a request has to carry everything. */
  readonly continues: string | null;
}

/** A part of a response, as one line has it. */
export interface Part {
  readonly elements: readonly LogElement[];
  readonly usage: LogDocument | null;
  readonly asksForTools: boolean;
  /** Whether it says something to whoever asked. */
  readonly isAnswer: boolean;
  /** Whether the response says that it is whole. */
  readonly isWhole: boolean;
}

/** What a request is made in, and to which model. */
export interface Asked {
  readonly turnId: string;
  readonly model: string;
}

export interface NewResponse extends Asked {
  readonly id: string;
  /** What the entries of the response have in common, where it is not made up. */
  readonly shared: string | null;
}

/** Somebody stopped the agent. */
export interface Interruption extends Asked {
  readonly reason: string;
  /** The response that was stopped, where the host names it. */
  readonly interrupted: string | null;
  /** Whether it was not a request that was stopped. */
  readonly isOfTool: boolean;
}

interface Response extends NewResponse {
  readonly context: Context;
  readonly requestedUs: number;
  readonly first: Place;
  readonly elements: LogElement[];
  /** What was given to the model while the response went on: results of its first calls. */
  readonly givenSince: { readonly element: LogElement; readonly timeUs: number }[];
  lastUs: number;
  usage: LogDocument | null;
  asksForTools: boolean;
  /** When it first asked for a tool. */
  firstCallUs: number | null;
  isAnswer: boolean;
  isWhole: boolean;
  /** Why it was cut off, if it was. */
  cut: string | null;
}

const PROVIDER = "anthropic";

export class ClaudeConversation {
  readonly #output: ClaudeOutput;
  #context: Context = { live: null, given: 0, continues: null };
  #givenUs: number | null = null;
  #response: Response | null = null;
  /** How many elements at the end of the context a failed request carried. */
  #carried = 0;

  constructor(output: ClaudeOutput) {
    this.#output = output;
  }

  /** The context, once the open response has been closed. */
  get context(): Context {
    return this.#context;
  }

  /** The response that goes on. */
  get open(): NewResponse | null {
    return this.#response;
  }

  get hasHistory(): boolean {
    return this.#response !== null || this.#context.live !== null;
  }

  /** What was given and no request has carried. To be asked for at the end. */
  unsent(): readonly LogElement[] {
    const { live, given } = this.#context;
    return elementDocuments({ type: "list", last: live, count: Math.max(0, given - this.#carried) });
  }

  /** Whether the last response is an answer that asks for nothing. */
  get hasAnswered(): boolean {
    return this.#response !== null && this.#response.isAnswer && !this.#response.asksForTools;
  }

  /** Whether nothing was given to the model since it answered. */
  get isIdle(): boolean {
    return this.hasAnswered && this.#response?.givenSince.length === 0;
  }

  /** Whether something waits for an answer. */
  get isAsked(): boolean {
    return this.#response === null
      ? this.#context.given > this.#carried
      : this.#response.givenSince.length > 0;
  }

  /** An element that the host put before the model. */
  give(element: LogElement, { timeUs }: Place): void {
    if (this.#response !== null) {
      this.#response.givenSince.push({ element, timeUs });
      return;
    }
    const { live, given, continues } = this.#context;
    this.#context = { live: append(live, element), given: given + 1, continues };
    this.#givenUs = timeUs;
  }

  /** Begins a response to what was given. */
  begin(response: NewResponse, at: Place): void {
    this.close();
    this.#response = {
      ...response,
      context: this.#context,
      requestedUs: this.#givenUs ?? at.timeUs,
      first: at,
      elements: [],
      givenSince: [],
      lastUs: at.timeUs,
      usage: null,
      asksForTools: false,
      firstCallUs: null,
      isAnswer: false,
      isWhole: false,
      cut: null,
    };
    this.#output.hold();
  }

  /** More of the response that was begun. Of several accounts of what it cost the last is the whole. */
  add({ elements, usage, asksForTools, isAnswer, isWhole }: Part, at: Place): void {
    const response = this.#response;
    if (response === null) return;
    for (const element of elements) response.elements.push(element);
    response.lastUs = at.timeUs;
    response.usage = usage ?? response.usage;
    response.asksForTools ||= asksForTools;
    if (asksForTools) response.firstCallUs ??= at.timeUs;
    response.isAnswer ||= isAnswer;
    response.isWhole ||= isWhole;
  }

  /** Somebody stopped the agent: the open response if nothing says that it is whole, or the request that went unanswered. */
  interrupt(at: Place, { reason, interrupted, isOfTool, ...asked }: Interruption): void {
    const response = this.#response;
    if (response !== null) {
      const isNamed = interrupted !== null && interrupted === response.id;
      if (!response.isWhole && !isOfTool && (isNamed || !response.asksForTools)) response.cut = reason;
      if (response.cut !== null || response.givenSince.length === 0) return;
    }
    this.close();
    if (isOfTool || !this.isAsked) return;
    const id = this.#unanswered(at, asked);
    this.#output.say(at.timeUs, () => ({ type: "inference_cancelled", inference_call_id: id, reason }));
  }

  /** A request that failed. It may be made again. */
  fail(at: Place, error: string, asked: Asked): void {
    this.close();
    const id = this.#unanswered(at, asked);
    this.#output.say(at.timeUs, () => ({ type: "inference_failed", inference_call_id: id, error }));
  }

  /** Ends the open response. To be done before a turn ends. */
  close(): void {
    const response = this.#response;
    if (response === null) return;
    this.#response = null;
    this.#emit(response);
    const { live } = response.context;
    const said = response.elements.length === 0 ? live : append(live, assistantMessage(response.elements));
    this.#context = { live: said, given: 0, continues: response.id };
    this.#carried = 0;
    this.#givenUs = null;
    for (const { element, timeUs } of response.givenSince)
      this.give(element, { line: response.first.line, timeUs });
  }

  /** Another context is the live one now. */
  restore(context: Context, { timeUs }: Place): void {
    this.close();
    this.#context = context;
    // Whatever is in it was carried before, or will never be on its own.
    this.#carried = context.given;
    this.#givenUs = timeUs;
  }

  /** The history is another one now; the next request carries all of it. */
  replace(live: ListNode | null, at: Place): void {
    this.restore({ live, given: 0, continues: null }, at);
  }

  #emit(response: Response): void {
    const { id, first, requestedUs, lastUs, turnId, model, cut } = response;
    const output = this.#output;
    const inferenceId = output.idAt<InferenceCallId>(first.line);
    const started = this.#started(first.line, response);
    const said = output.payload(
      first.line,
      "response",
      "inference_response",
      objectDocument({
        id: literalDocument(id),
        model: literalDocument(model),
        role: literalDocument("assistant"),
        content: arrayDocument(response.elements),
        usage: response.usage ?? literalDocument(null),
      }),
    );
    const how = { inference_call_id: inferenceId };
    const ended: RawEventPayload =
      cut === null
        ? { type: "inference_completed", ...how, response_id: id, response: said }
        : { type: "inference_cancelled", ...how, reason: cut, partial_response: said };
    const begun = { timeUs: requestedUs, payload: started };
    // A host may carry out the first calls of a response while the rest of it is still to come.
    const isAhead = response.firstCallUs !== null && response.firstCallUs < lastUs;
    if (isAhead) output.sayEarlier(lastUs, () => ended, turnId);
    output.release(isAhead ? [begun] : [begun, { timeUs: lastUs, payload: ended }], turnId);
  }

  #unanswered(at: Place, asked: Asked): InferenceCallId {
    const started = this.#started(at.line, { ...asked, context: this.#context });
    this.#carried = this.#context.given;
    this.#output.say(Math.min(this.#givenUs ?? at.timeUs, at.timeUs), () => started, asked.turnId);
    return started.inference_call_id;
  }

  #started(line: number, { model, turnId, context }: Asked & { context: Context }): InferenceStarted {
    const { live, given, continues } = context;
    return {
      type: "inference_started",
      inference_call_id: this.#output.idAt<InferenceCallId>(line),
      thread_id: asId<ThreadId>(this.#output.threadId),
      turn_id: asId<TurnId>(turnId),
      model,
      provider: PROVIDER,
      dialect: "anthropic_messages",
      input_mode:
        continues === null ? { type: "full" } : { type: "incremental", previous_response_id: continues },
      request: this.#request(line, continues === null ? listDocument(live) : listDocument(live, given)),
    };
  }

  #request(line: number, messages: LogDocument): PayloadRef {
    return this.#output.payload(line, "request", "inference_request", objectDocument({ messages }));
  }
}

function assistantMessage(elements: readonly LogElement[]): LogDocument {
  return objectDocument({ role: literalDocument("assistant"), content: arrayDocument(elements) });
}

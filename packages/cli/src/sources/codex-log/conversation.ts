/**
 * Makes inference calls of the items of a log.
 *
 * A log has no requests. A response is a run of items that the model made; what was given to the model since the response
 * before it is its request, and the first usage that is told after it (or, in versions that tell it first, before it) is what
 * it cost. A request continues the response before it; only the first of a thread, and one after the history was rewritten,
 * carries the whole context, so a conversation of n items costs n.
 *
 * A log that tells the usage first may have the output of a call before the next call of the same response. The context has
 * the response's items together, and then what was given since: that is how a request continues a response.
 */
import {
  asId,
  type InferenceCallId,
  type InferenceStarted,
  type InputMode,
  type PayloadRef,
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
import type { CodexOutput } from "./thread-output.ts";

/** What a response cost, and its id where the log names it. */
export interface Usage extends Place {
  readonly document: LogDocument;
  readonly responseId: string | null;
}

/** What the next request would carry. */
export interface Context {
  /** Up to and with the last response. */
  readonly settled: ListNode | null;
  /** What was given to the model since. */
  readonly given: ListNode | null;
}

/** A context as one list. Costs what was given. */
export function wholeOf({ settled, given }: Context): ListNode | null {
  return lastOf(given, given?.length ?? 0).reduce(append, settled);
}

function lastOf(list: ListNode | null, count: number): readonly LogElement[] {
  return elementDocuments({ type: "list", last: list, count });
}

interface Response {
  readonly turnId: string;
  readonly models: Models;
  readonly input: LogDocument;
  readonly requestedUs: number;
  readonly first: Place;
  readonly items: LogDocument[];
  lastUs: number;
  usage: Usage | null;
  /** Whether the usage was told before the items. */
  readonly usageFirst: boolean;
  /** Whether something was given to the model since. */
  answered: boolean;
  /** Whether its last item is a message: then nothing more is asked of the host. */
  isAnswer: boolean;
}

export interface Made {
  readonly turnId: string;
  readonly isMessage: boolean;
}

export interface Models {
  readonly model: string;
  readonly provider: string;
}

const EMPTY: Context = { settled: null, given: null };

export class CodexConversation {
  readonly #output: CodexOutput;
  readonly #models: () => Models;
  #live: Context = EMPTY;
  /** How many of the items that were given since the last response a request carried. */
  #carried = 0;
  #givenUs: number | null = null;
  #response: Response | null = null;
  /** The response that the next request continues; null when it has to carry the whole context. */
  #continues: string | null = null;
  /** Usage without a response: of a request whose items are still to come, or that left none. */
  #unclaimed: Usage | null = null;
  /** Whether this log tells a response's usage before its items; known from the first usage on. */
  #usageFirst: boolean | null = null;

  constructor(output: CodexOutput, models: () => Models) {
    this.#output = output;
    this.#models = models;
  }

  /** The context as it is now. */
  get live(): Context {
    return this.#live;
  }

  /** Whether the last thing in the log is a message of the model. */
  get isAnswered(): boolean {
    return this.#response !== null && this.#response.isAnswer && !this.#response.answered;
  }

  /** An item that the host put before the model. */
  give(element: LogElement, at: Place): void {
    const { settled, given } = this.#live;
    this.#live = { settled, given: append(given, element) };
    this.#givenUs = at.timeUs;
    if (this.#response !== null) this.#response.answered = true;
  }

  /** Whether the next item that the model made would be of the open response. */
  #goesOn(): boolean {
    const response = this.#response;
    if (response === null) return false;
    if (response.usageFirst) return this.#unclaimed === null;
    return response.usage === null && !response.answered;
  }

  /** An item that the model made, in the given turn. */
  make(document: LogDocument, at: Place, { turnId, isMessage }: Made): void {
    if (!this.#goesOn()) {
      this.close();
      this.#open(at, turnId);
    }
    const response = this.#response;
    if (response === null) return;
    response.items.push(document);
    response.isAnswer = isMessage;
    response.lastUs = at.timeUs;
    const { settled, given } = this.#live;
    this.#live = { settled: append(settled, document), given };
  }

  /** What a request cost. */
  use(usage: Usage): void {
    const response = this.#response;
    this.#usageFirst ??= response === null;
    if (response !== null && response.usage === null) {
      response.usage = usage;
      return;
    }
    if (this.#unclaimed !== null) this.#leaveNothing(this.#unclaimed);
    this.#unclaimed = usage;
  }

  /** Ends the open response. To be done before a turn ends. */
  close(): void {
    const response = this.#response;
    this.#response = null;
    if (response !== null) this.#emit(response);
    if (this.#unclaimed !== null && this.#usageFirst === false) {
      this.#leaveNothing(this.#unclaimed);
      this.#unclaimed = null;
    }
  }

  /** Ends the open response, and what was asked for since. To be done when a turn ends. */
  endTurn(): void {
    this.close();
    if (this.#unclaimed !== null) this.#leaveNothing(this.#unclaimed);
    this.#unclaimed = null;
  }

  /** The usage that no response has claimed, taken for a request of another kind. */
  takeUnclaimed(): Usage | null {
    const usage = this.#unclaimed;
    this.#unclaimed = null;
    return usage;
  }

  /** A request that failed: it carried what was given and got no response. */
  fail(at: Place, error: string, turnId: string): void {
    this.close();
    const id = this.#output.idAt<InferenceCallId>(at.line);
    const { line, timeUs } = at;
    const request = this.#request(line, this.#requested());
    this.#carried = this.#live.given?.length ?? 0;
    const started = this.#started({ id, turnId, request, models: this.#models() });
    this.#output.say(this.#givenUs ?? timeUs, () => started);
    this.#output.say(timeUs, () => ({ type: "inference_failed", inference_call_id: id, error }));
  }

  /** The context is another one now; the next request carries all of it. */
  replace(context: ListNode | null, at: Place): void {
    this.close();
    this.#live = { settled: context, given: null };
    this.#carried = 0;
    this.#givenUs = at.timeUs;
    this.#continues = null;
  }

  /** What was given and no request has carried. To be asked for at the end. */
  unsent(): readonly LogElement[] {
    const { given } = this.#live;
    return lastOf(given, (given?.length ?? 0) - this.#carried);
  }

  #open(at: Place, turnId: string): void {
    const usage = this.#unclaimed;
    this.#unclaimed = null;
    this.#response = {
      turnId,
      models: this.#models(),
      input: this.#requested(),
      requestedUs: this.#givenUs ?? at.timeUs,
      first: at,
      items: [],
      lastUs: at.timeUs,
      usage,
      usageFirst: usage !== null,
      answered: false,
      isAnswer: false,
    };
    this.#settle();
    this.#output.hold();
  }

  #requested(): LogDocument {
    return listDocument(this.#continues === null ? wholeOf(this.#live) : this.#live.given);
  }

  /** A request carried all that was given. */
  #settle(): void {
    this.#live = { settled: wholeOf(this.#live), given: null };
    this.#carried = 0;
  }

  #emit({ turnId, models, input, requestedUs, first, items, lastUs, usage }: Response): void {
    const { line } = first;
    const id = this.#output.idAt<InferenceCallId>(line);
    const responseId = usage?.responseId ?? `${this.#output.threadId}:${line}`;
    const request = this.#request(line, input);
    const response = this.#output.payload(
      line,
      "response",
      "inference_response",
      objectDocument({
        response_id: literalDocument(responseId),
        token_usage: usage?.document ?? literalDocument(null),
        output_items: arrayDocument(items),
      }),
    );
    this.#output.release(
      [
        { timeUs: requestedUs, payload: this.#started({ id, turnId, request, models }) },
        {
          timeUs: lastUs,
          payload: { type: "inference_completed", inference_call_id: id, response_id: responseId, response },
        },
      ],
      turnId,
    );
    this.#continues = responseId;
  }

  /** A request that was paid for and left no item. */
  #leaveNothing(usage: Usage): void {
    const { turnId } = this.#output;
    if (turnId === null) {
      const message = "tokens were used outside of any turn; they are not counted";
      this.#output.report(usage.line, usage.timeUs, message);
      return;
    }
    const held = this.#response;
    this.#response = null;
    if (held !== null) this.#emit(held);
    const input = this.#requested();
    const { line, timeUs } = usage;
    this.#settle();
    this.#output.hold();
    this.#emit({
      turnId,
      models: this.#models(),
      input,
      requestedUs: this.#givenUs ?? timeUs,
      first: { line, timeUs },
      items: [],
      lastUs: timeUs,
      usage,
      usageFirst: false,
      answered: false,
      isAnswer: false,
    });
  }

  #request(line: number, input: LogDocument): PayloadRef {
    return this.#output.payload(line, "request", "inference_request", objectDocument({ input }));
  }

  #started({ id, turnId, models, request }: Started): InferenceStarted {
    const mode: InputMode =
      this.#continues === null
        ? { type: "full" }
        : { type: "incremental", previous_response_id: this.#continues };
    return {
      type: "inference_started",
      inference_call_id: id,
      thread_id: asId<ThreadId>(this.#output.threadId),
      turn_id: asId<TurnId>(turnId),
      ...models,
      dialect: "openai_responses",
      input_mode: mode,
      request,
    };
  }
}

interface Started {
  readonly id: InferenceCallId;
  readonly turnId: string;
  readonly models: Models;
  readonly request: PayloadRef;
}

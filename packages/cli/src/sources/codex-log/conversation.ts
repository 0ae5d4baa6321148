/**
 * Makes inference calls of the items of a log.
 *
 * A log has no requests. A response is a run of items that the model made; what was given to the model since the response
 * before it is its request, and the first usage that is told after it (or, in versions that tell it first, before it) is what
 * it cost. A request continues the response before it; only the first of a thread, and one after the history was rewritten,
 * carries the whole context, so a conversation of n items costs n.
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

export class CodexConversation {
  readonly #output: CodexOutput;
  readonly #models: () => Models;
  /** The whole context. */
  #live: ListNode | null = null;
  /** How many items at its end were given to the model since the last response, and how many of them a request carried. */
  #given = 0;
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

  /** The whole context, as it is now. */
  get live(): ListNode | null {
    return this.#live;
  }

  /** Whether the last thing in the log is a message of the model. */
  get isAnswered(): boolean {
    return this.#response !== null && this.#response.isAnswer && !this.#response.answered;
  }

  /** An item that the host put before the model. */
  give(element: LogElement, at: Place): void {
    this.#live = append(this.#live, element);
    this.#given += 1;
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
    this.#live = append(this.#live, document);
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
    this.#carried = this.#given;
    const started = this.#started({ id, turnId, request, models: this.#models() });
    this.#output.say(this.#givenUs ?? timeUs, () => started);
    this.#output.say(timeUs, () => ({ type: "inference_failed", inference_call_id: id, error }));
  }

  /** The context is another one now; the next request carries all of it. */
  replace(live: ListNode | null, at: Place): void {
    this.close();
    this.#live = live;
    this.#given = 0;
    this.#carried = 0;
    this.#givenUs = at.timeUs;
    this.#continues = null;
  }

  /** What was given and no request has carried. To be asked for at the end. */
  unsent(): readonly LogElement[] {
    return elementDocuments({ type: "list", last: this.#live, count: this.#given - this.#carried });
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
    this.#given = 0;
    this.#carried = 0;
    this.#output.hold();
  }

  #requested(): LogDocument {
    return this.#continues === null ? listDocument(this.#live) : listDocument(this.#live, this.#given);
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
    this.#given = 0;
    this.#carried = 0;
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

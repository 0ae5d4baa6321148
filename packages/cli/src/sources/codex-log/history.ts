/** How a thread's history is rewritten: compactions, and turns that were taken back. */
import {
  asId,
  type CompactionId,
  type CompactionRequestId,
  type JsonObject,
  type ThreadId,
  type TurnId,
} from "@rollout-trace/protocol";
import {
  append,
  lineDocument,
  type LineRef,
  listDocument,
  type ListNode,
  type LogElement,
  objectDocument,
  spread,
  valueUnder,
} from "../log/document.ts";
import { summaryMessage } from "./conversation-documents.ts";
import { type CodexConversation, type Context, type Models, type Usage, wholeOf } from "./conversation.ts";
import { integerOf } from "../log/fields.ts";
import type { Place } from "../log/thread-output.ts";
import type { CodexOutput } from "./thread-output.ts";

const REPLACEMENT = valueUnder("payload", "replacement_history");

export class History {
  readonly #output: CodexOutput;
  readonly #conversation: CodexConversation;
  /** The context before each message of a person, since the last compaction. */
  #beforeInputs: Context[] = [];
  /** What people wrote. */
  #inputs: ListNode | null = null;

  constructor(output: CodexOutput, conversation: CodexConversation) {
    this.#output = output;
    this.#conversation = conversation;
  }

  /** A message of a person is about to be given to the model. */
  input(element: LogElement): void {
    this.#beforeInputs.push(this.#conversation.live);
    this.#inputs = append(this.#inputs, element);
  }

  /** The record of a compaction. `turnId` is the turn that it happened in. */
  compact(
    payload: JsonObject,
    at: Place,
    { turnId, models }: { turnId: string | null; models: Models },
  ): void {
    const output = this.#output;
    const usage = this.#conversation.takeUnclaimed();
    this.#conversation.close();
    const id = output.idAt<CompactionId>(at.line);
    const context = listDocument(wholeOf(this.#conversation.live));
    if (usage !== null) this.#request(usage, { id, turnId, models });
    const replacement = this.#replacement(payload, output.line(at.line));
    const checkpoint = output.payload(
      at.line,
      "checkpoint",
      "compaction_checkpoint",
      objectDocument({ input_history: context, replacement_history: listDocument(replacement) }),
    );
    output.say(at.timeUs, () => ({ type: "compaction_installed", compaction_id: id, checkpoint }));
    this.#conversation.replace(replacement, at);
    this.#beforeInputs = [];
  }

  /** The compaction of another thread, of which only the result is here. */
  inheritCompaction(payload: JsonObject, at: Place, ref: LineRef): void {
    this.#conversation.replace(this.#replacement(payload, ref), at);
  }

  /** The last turns were taken back. */
  rollBack(event: JsonObject, at: Place): void {
    const turns = integerOf(event["num_turns"]) ?? 0;
    const known = this.#beforeInputs.length;
    if (turns < 1) return;
    if (turns > known) {
      this.#output.report(at.line, at.timeUs, `${turns} turns were taken back; the history has ${known}`);
    }
    const kept = Math.max(0, known - turns);
    const [context] = this.#beforeInputs.slice(kept, kept + 1);
    if (context !== undefined) this.#conversation.replace(wholeOf(context), at);
    this.#beforeInputs.length = kept;
  }

  /** A compaction's request left nothing in the log but what it cost. */
  #request(
    usage: Usage,
    { id, turnId, models }: { id: CompactionId; turnId: string | null; models: Models },
  ): void {
    const output = this.#output;
    const { line, timeUs } = usage;
    if (turnId === null) {
      output.report(line, timeUs, "tokens were used outside of any turn; they are not counted");
      return;
    }
    const input = listDocument(wholeOf(this.#conversation.live));
    const request = output.payload(line, "request", "compaction_request", objectDocument({ input }));
    const response = output.payload(
      line,
      "response",
      "compaction_response",
      objectDocument({ token_usage: usage.document }),
    );
    const ids = { compaction_id: id, compaction_request_id: output.idAt<CompactionRequestId>(line) };
    output.say(timeUs, () => ({
      type: "compaction_request_started",
      ...ids,
      thread_id: asId<ThreadId>(output.threadId),
      turn_id: asId<TurnId>(turnId),
      ...models,
      request,
    }));
    output.say(timeUs, () => ({ type: "compaction_request_completed", ...ids, response }));
  }

  /** What the history was replaced by. Early versions keep what people wrote and add the summary. */
  #replacement(payload: JsonObject, ref: LineRef): ListNode {
    if (Array.isArray(payload["replacement_history"])) {
      return append(null, spread(lineDocument(ref, REPLACEMENT)));
    }
    return append(this.#inputs, lineDocument(ref, summaryMessage));
  }
}

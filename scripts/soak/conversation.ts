/** An agent's history, and the model that it is sent to: a stand-in that decides by chance what to ask for next. */
import { setTimeout as pause } from "node:timers/promises";
import type { JsonObject, JsonValue } from "@rollout-trace/protocol";
import type { TurnTrace } from "@rollout-trace/trace";
import type { SeededRandom } from "../seeded-random.ts";
import type { Tally } from "./tally.ts";

/** A call that the model asks for. */
export interface ModelCall {
  readonly callId: string;
  readonly name: string;
  /** JSON, or a script where the tool is `exec`. */
  readonly input: string;
}

export interface ConversationOptions {
  /** Unique among all conversations of the run. */
  readonly name: string;
  readonly random: SeededRandom;
  readonly tally: Tally;
  readonly tools: JsonValue;
}

const MODEL = { model: "soak-model", provider: "soak" } as const;
/** Items, after which the history is replaced by a summary. */
const COMPACT_AT_ITEMS = 40;
const MAX_THINKING_MS = 60;
const FAILING_SHARE = 0.04;

export class Conversation {
  readonly #options: ConversationOptions;
  /** Whether requests carry only what is new. */
  readonly #isIncremental: boolean;
  #history: JsonObject[] = [];
  /** What the model has of the history by way of its last response; null when it has to be sent everything. */
  #known: { readonly responseId: string; readonly items: number } | null = null;
  #numbers = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#isIncremental = options.random.chance(0.5);
  }

  say(content: string): void {
    this.#history.push({ type: "message", role: "user", content });
  }

  answer({ name, callId }: ModelCall, output: JsonValue): void {
    const type = name === "exec" ? "custom_tool_call_output" : "function_call_output";
    this.#history.push({ type, call_id: callId, output });
  }

  nextCallId(): string {
    return `call_${this.#options.name}_${this.#next()}`;
  }

  /** Sends the history and takes over what the model answers to it: `calls`, or its last words. Rejects when interrupted. */
  async ask(turn: TurnTrace, calls: readonly ModelCall[], signal: AbortSignal): Promise<void> {
    if (this.#history.length >= COMPACT_AT_ITEMS) this.#compact(turn);
    while (!(await this.#request(turn, calls, signal))) {
      // The provider was overloaded.
    }
  }

  /** Whether the request was answered. */
  async #request(turn: TurnTrace, calls: readonly ModelCall[], signal: AbortSignal): Promise<boolean> {
    const { random, tally, tools } = this.#options;
    const known = this.#isIncremental ? this.#known : null;
    const input = this.#history.slice(known?.items ?? 0);
    const inference = turn.startInference({
      ...MODEL,
      dialect: "openai_responses",
      inputMode:
        known === null ? { type: "full" } : { type: "incremental", previousResponseId: known.responseId },
      request: () => ({ model: MODEL.model, input, tools }),
    });
    const responseId = `resp_${this.#options.name}_${this.#next()}`;
    try {
      await pause(random.integer(0, MAX_THINKING_MS), null, { signal });
    } catch (error) {
      const output = [this.#message("I was about to")];
      inference.cancelled({ reason: "interrupted", partialResponse: () => ({ id: responseId, output }) });
      tally.count("inference cancelled");
      throw error;
    }
    if (random.chance(FAILING_SHARE)) {
      inference.failed({ error: new Error("overloaded") });
      tally.count("inference failed");
      return false;
    }
    const output =
      calls.length === 0 ? [this.#message("That is all.")] : calls.map((call) => this.#call(call));
    const usage = { input_tokens: input.length * 10, output_tokens: output.length * 5 };
    inference.completed({ responseId, response: () => ({ id: responseId, output, usage }) });
    tally.count("inference completed");
    this.#history.push(...output);
    this.#known = { responseId, items: this.#history.length };
    return true;
  }

  #compact(turn: TurnTrace): void {
    const inputHistory = this.#history;
    const summary = `What ${inputHistory.length} items said, in short (${this.#next()}).`;
    const replacement = [{ type: "message", role: "user", content: summary }];
    const compaction = turn.compaction();
    const request = compaction.startRequest({ ...MODEL, request: () => ({ input: inputHistory }) });
    request.completed({ response: () => ({ output: [this.#message(summary)] }) });
    compaction.installed(() => ({ input_history: inputHistory, replacement_history: replacement }));
    this.#history = replacement;
    this.#known = null;
  }

  #message(text: string): JsonObject {
    const content = [{ type: "output_text", text }];
    return { type: "message", id: this.#itemId(), role: "assistant", content };
  }

  #call({ name, callId, input }: ModelCall): JsonObject {
    const id = this.#itemId();
    return name === "exec"
      ? { type: "custom_tool_call", id, call_id: callId, name, input }
      : { type: "function_call", id, call_id: callId, name, arguments: input };
  }

  #itemId(): string {
    return `item_${this.#options.name}_${this.#next()}`;
  }

  #next(): number {
    this.#numbers += 1;
    return this.#numbers;
  }
}

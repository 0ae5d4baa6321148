/** Made-up sessions for the benchmarks of the recorder: the same documents, whoever writes them. */

export interface SmallEvent {
  readonly event: Record<string, unknown>;
  readonly payload: Record<string, unknown>;
}

/** A tool's result and the event that names it; no two are alike. About a kilobyte. */
export function smallEvent(number: number): SmallEvent {
  const line = `src/module-${number}/file.ts:${number * 7}: the quick brown fox jumps over the lazy dog, again\n`;
  return {
    event: {
      type: "protocol_event_observed",
      event_type: "tool_output",
      event: { payload_id: `p${number}`, kind: "protocol_event" },
    },
    payload: {
      call: `call_${number}`,
      exit_code: number % 3,
      duration_ms: number * 13,
      stdout: line.repeat(10),
    },
  };
}

/** The request of a turn: everything said so far, with one question and one answer more each turn. */
export class GrowingSession {
  readonly input: unknown[] = [];
  readonly #tools: readonly unknown[];
  #turn = 0;

  constructor() {
    this.#tools = Array.from({ length: 20 }, (_, index) => ({
      type: "function",
      name: `tool_${index}`,
      description: `Does what number ${index} does. `.repeat(8),
    }));
  }

  /** The next request; valid until the next call. */
  request(branch = ""): Record<string, unknown> {
    this.#turn += 1;
    const question = `question ${branch}${this.#turn}: why does ${this.#turn * 31} fail? `.repeat(6);
    this.input.push({ type: "message", role: "user", content: [{ type: "input_text", text: question }] });
    return {
      model: "model-1",
      instructions: "You are careful and say what you know. ".repeat(60),
      input: this.input,
      tools: this.#tools,
      metadata: { turn: this.#turn },
    };
  }

  /** The response, which the next request repeats. */
  response(branch = ""): Record<string, unknown> {
    const answer = `answer ${branch}${this.#turn}: because of ${this.#turn * 17}, I think. `.repeat(12);
    const item = { type: "message", role: "assistant", content: [{ type: "output_text", text: answer }] };
    this.input.push(item);
    return { id: `resp_${branch}${this.#turn}`, output: [item], usage: { input_tokens: this.#turn } };
  }

  fork(): GrowingSession {
    const fork = new GrowingSession();
    fork.input.push(...this.input);
    fork.#turn = this.#turn;
    return fork;
  }
}

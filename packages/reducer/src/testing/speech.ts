/** What agents say, in each dialect: elements of requests and responses. */
import type { Dialect, JsonValue } from "@rollout-trace/protocol";
import {
  agentMessage,
  assistantMessage,
  developerMessage,
  execCall,
  execOutput,
  functionCall,
  functionOutput,
  reasoning,
  userMessage,
} from "./items.ts";

/** A call that a model asks for. */
export interface SpokenCall {
  readonly id: string;
  readonly name: string;
  readonly input: JsonValue;
}

/** What a model answers: a thought, a text, calls. */
export interface Answer {
  readonly id: string;
  readonly thought: string | null;
  readonly text: string;
  readonly calls: readonly SpokenCall[];
}

/** An answer as the response has it, and as later requests repeat it. */
export interface SpokenAnswer {
  readonly response: readonly JsonValue[];
  readonly replay: readonly JsonValue[];
}

/** What one agent tells another. */
export interface Told {
  /** Agent paths. */
  readonly author: string;
  readonly recipient: string;
  readonly text: string;
}

export interface Speech {
  /** What stands before everything else in a history. */
  instructions(text: string): readonly JsonValue[];
  user(text: string): JsonValue;
  /** A message of another agent, where the dialect has such; else one like the user's. */
  told(message: Told): JsonValue;
  answer(answer: Answer): SpokenAnswer;
  output(call: SpokenCall, text: string): JsonValue;
  /** The tokens of a response, under the dialect's own names. */
  usage(input: number, output: number): Readonly<Record<string, number>>;
}

/** The input of a call of `exec`, which is text. */
export function scriptOf(input: JsonValue): string {
  return typeof input === "string" ? input : JSON.stringify(input);
}

/** Whether the arguments of a call name a cell or a process. */
export function isOf(input: unknown, id: string): boolean {
  return Object.values(input as object).includes(id);
}

const responses: Speech = {
  instructions: (text) => [developerMessage(text)],
  user: (text) => userMessage(text),
  told: ({ author, recipient, text }) => agentMessage(author, recipient, text),
  answer({ id, thought, text, calls }) {
    const spoken = [
      ...(thought === null ? [] : [reasoning({ encrypted: `blob ${thought}`, summary: thought })]),
      assistantMessage(text, { id, phase: calls.length === 0 ? "final_answer" : "commentary" }),
      ...calls.map(({ id: callId, name, input }) =>
        name === "exec" ? execCall(callId, scriptOf(input)) : functionCall(callId, name, input),
      ),
    ];
    return { response: spoken, replay: spoken };
  },
  output: ({ id, name }, text) => (name === "exec" ? execOutput(id, text) : functionOutput(id, text)),
  usage: (input, output) => ({ input_tokens: input, output_tokens: output, total_tokens: input + output }),
};

const chat: Speech = {
  instructions: () => [],
  user: (content) => ({ role: "user", content }),
  told: ({ text }) => ({ role: "user", content: text }),
  answer({ thought, text, calls }) {
    const message = {
      role: "assistant",
      content: text,
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(chatCall) }),
    };
    const whole = thought === null ? message : { ...message, reasoning_content: thought };
    return { response: [{ index: 0, message: whole, finish_reason: "stop" }], replay: [message] };
  },
  output: ({ id }, content) => ({ role: "tool", tool_call_id: id, content }),
  usage: (input, output) => ({
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
  }),
};

function chatCall({ id, name, input }: SpokenCall): JsonValue {
  if (name === "exec") return { id, type: "custom", custom: { name, input } };
  return { id, type: "function", function: { name, arguments: JSON.stringify(input) } };
}

const messages: Speech = {
  instructions: () => [],
  user: (content) => ({ role: "user", content }),
  told: ({ text }) => ({ role: "user", content: text }),
  answer({ thought, text, calls }) {
    const blocks = [
      ...(thought === null ? [] : [{ type: "thinking", thinking: thought, signature: `sig ${thought}` }]),
      { type: "text", text },
      ...calls.map(({ id, name, input }) => ({ type: "tool_use", id, name, input })),
    ];
    return { response: blocks, replay: [{ role: "assistant", content: blocks }] };
  },
  output: ({ id }, text) => ({
    role: "user",
    content: [{ type: "tool_result", tool_use_id: id, content: text }],
  }),
  usage: (input, output) => ({ input_tokens: input, output_tokens: output, cache_read_input_tokens: 1 }),
};

export const SPEECH: { readonly [Each in Dialect]: Speech } = {
  openai_responses: responses,
  openai_chat: chat,
  anthropic_messages: messages,
};

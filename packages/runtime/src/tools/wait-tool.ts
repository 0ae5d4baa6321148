/** The `wait` tool: how a model goes on with, or ends, a script that was still running. */
import { booleanField, delayField, parseFields, stringField, tokensField } from "./json-arguments.ts";
import type { FunctionToolSpec } from "./tool-spec.ts";

export interface WaitToolOptions {
  /** What the tool is called. Default `wait`. */
  readonly name?: string | undefined;
  /** What the tool of `buildExecTool` is called. Default `exec`. */
  readonly execName?: string | undefined;
}

/** What a model asked of `wait`. */
export interface WaitArguments {
  readonly cellId: string;
  /** Milliseconds to wait at most, 0 to 2³¹ − 1; absent when the model did not say. */
  readonly yieldTimeMs?: number;
  /** Budget for the model-visible output, at least 1; absent when the model did not say. */
  readonly maxOutputTokens?: number;
  /** Whether the cell is to be ended. */
  readonly terminate: boolean;
}

const KEYS = ["cell_id", "yield_time_ms", "max_tokens", "terminate"] as const;

export function buildWaitTool(options: WaitToolOptions = {}): FunctionToolSpec {
  const { name = "wait", execName = "exec" } = options;
  return {
    type: "function",
    name,
    description: `Waits for a script of ${execName} that is still running, and returns its output since you last saw it. Answers when the script ends or hands over output, or after yield_time_ms. With terminate, ends the script instead.`,
    strict: false,
    parameters: {
      type: "object",
      properties: {
        cell_id: { type: "string", description: `The cell ID in the answer of ${execName}.` },
        yield_time_ms: {
          type: "integer",
          minimum: 0,
          description: "How long to wait at most, in milliseconds. Default 10000.",
        },
        max_tokens: {
          type: "integer",
          minimum: 1,
          description: "How much output to return; the middle of a longer one is left out. Default 10000.",
        },
        terminate: { type: "boolean", description: "True to end the script. Default false." },
      },
      required: ["cell_id"],
      additionalProperties: false,
    },
  };
}

/** Reads the arguments of a call of `wait`. Throws `invalid_request`, naming the field, its value and what is allowed. */
export function parseWaitArguments(json: string): WaitArguments {
  const fields = parseFields(json, "wait", KEYS);
  const yieldTimeMs = delayField(fields, "yield_time_ms", "wait");
  const maxOutputTokens = tokensField(fields, "max_tokens", "wait");
  return {
    cellId: stringField(fields, "cell_id", "wait"),
    ...(yieldTimeMs !== undefined && { yieldTimeMs }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    terminate: booleanField(fields, "terminate", "wait") ?? false,
  };
}

/** Tool specifications as the OpenAI Responses API takes them. */
import type { JsonObject } from "@rollout-trace/protocol";

/** A tool whose input is text that follows a grammar. */
export interface CustomToolSpec {
  readonly type: "custom";
  readonly name: string;
  readonly description: string;
  readonly format: { readonly type: "grammar"; readonly syntax: "lark"; readonly definition: string };
}

/** A tool whose input is a JSON object. */
export interface FunctionToolSpec {
  readonly type: "function";
  readonly name: string;
  readonly description: string;
  /** Whether the API enforces `parameters`. */
  readonly strict: boolean;
  readonly parameters: JsonObject;
}

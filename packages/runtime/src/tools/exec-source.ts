/** Reads what a model passes to `exec`: JavaScript, with its options in a comment on the first line. */
import { delayField, invalid, parseFields, stringField, tokensField } from "./json-arguments.ts";

export interface ExecSource {
  /** Exactly what was passed: the option line is a comment and stays, so that line numbers are the model's own. */
  readonly source: string;
  /** Milliseconds until the first response, 0 to 2³¹ − 1; absent when the model did not say. */
  readonly yieldTimeMs?: number;
  /** Budget for the model-visible output, at least 1; absent when the model did not say. */
  readonly maxOutputTokens?: number;
}

const PRAGMA = /^[ \t]*\/\/[ \t]*@exec:[ \t]*([^\r\n\u2028\u2029]*)/;
const WHERE = "the // @exec: line";
const OPTIONS = ["yield_time_ms", "max_output_tokens"] as const;

/**
 * Reads the input of the custom tool. Throws `invalid_request` for a blank source, and for an option line that holds
 * anything but `yield_time_ms` and `max_output_tokens`.
 */
export function parseExecSource(source: string): ExecSource {
  if (source.trim() === "") throw invalid("exec", "the source is empty; it must be JavaScript");
  const options = PRAGMA.exec(source)?.[1];
  if (options === undefined) return { source };
  const fields = parseFields(options, WHERE, OPTIONS);
  const yieldTimeMs = delayField(fields, "yield_time_ms", WHERE);
  const maxOutputTokens = tokensField(fields, "max_output_tokens", WHERE);
  return {
    source,
    ...(yieldTimeMs !== undefined && { yieldTimeMs }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  };
}

/** Reads the arguments of the function tool, `{"source": …}`, and throws as `parseExecSource` does. */
export function parseExecArguments(json: string): ExecSource {
  return parseExecSource(stringField(parseFields(json, "exec", ["source"]), "source", "exec"));
}

/** What can be fuzzed: inputs, and what must hold for each. */
import type { JsonValue } from "@rollout-trace/protocol";
import type fc from "fast-check";

export interface FuzzTarget<Input extends JsonValue = JsonValue> {
  readonly name: string;
  /** Inputs are JSON, so that a finding can be kept as it is, whatever made it. */
  readonly inputs: fc.Arbitrary<Input>;
  /** Throws when something that must hold does not. */
  check(input: Input): void | Promise<void>;
}

/** A target among others: whoever holds it knows its inputs as JSON only. */
export function fuzzTarget<Input extends JsonValue>(target: FuzzTarget<Input>): FuzzTarget {
  return {
    name: target.name,
    inputs: target.inputs,
    check: (input) => target.check(input as Input),
  };
}

/** Throws an error that says what was expected. */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/**
 * Exact counts with the package `gpt-tokenizer`, an optional peer. A module of its own, so that nobody loads a vocabulary
 * who does not ask for it.
 */
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import type { Tokenizer } from "./tokenizer.ts";

/** Tokens that a text names, such as `<|endoftext|>`, are text here: tool output must not make counting throw. */
const AS_TEXT = Object.freeze({ disallowedSpecial: new Set<string>() });

/** Counts as the `o200k_base` vocabulary does, which the models since GPT-4o use. */
export const gptTokenizer: Tokenizer = Object.freeze({
  count: (text: string): number => countTokens(text, AS_TEXT),
});

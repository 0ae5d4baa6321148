/**
 * Texts as keys of maps.
 *
 * V8 hashes a string of more than 16 383 code units by its length alone: maps whose keys are thousands of long texts of one length
 * (a system prompt with another date each time) look through all of them each time, and texts that begin alike are compared to
 * their ends.
 */
import { sha256Hex } from "./normal-item.ts";

/** Code units. */
const LONG = 4096;

/** A text that is equal to that of another text when the texts are, and that the engine hashes all of. */
export function textKey(text: string): string {
  // Longer than any text that is its own key, so that it is no other text's.
  return text.length <= LONG ? text : sha256Hex(text) + text.slice(0, LONG);
}

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

/** Makes a key longer than any text that is its own, so that it is no other text's. */
const FILLING = " ".repeat(LONG);

/** A text that is equal to that of another text when the texts are, and that the engine hashes all of. */
export function textKey(text: string): string {
  return text.length <= LONG ? text : sha256Hex(text) + FILLING;
}

const keys = new WeakMap<object, { readonly text: string; readonly key: string }>();

/** The same, worked out once for what has the text: it may be asked for by many events, none of which says it again. */
export function textKeyOf(owner: object, text: string): string {
  if (text.length <= LONG) return text;
  const known = keys.get(owner);
  if (known?.text === text) return known.key;
  const key = textKey(text);
  keys.set(owner, { text, key });
  return key;
}

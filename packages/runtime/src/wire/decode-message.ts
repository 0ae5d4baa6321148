/** From the text of a frame to a message that is what it says it is. */
import type { Check } from "./check.ts";

export type Decoded<Message> =
  | { readonly ok: true; readonly message: Message }
  /** `id` is the request's, where one could be read. */
  | { readonly ok: false; readonly problem: string; readonly id: number | null };

/** `checks` has one per type of `Message`; see `members`. */
export function decodeMessage<Message extends { readonly type: string }>(
  json: string,
  checks: ReadonlyMap<string, Check<unknown>>,
): Decoded<Message> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { ok: false, problem: `a frame that is not JSON: ${quote(json)}`, id: requestIdOf(json) };
  }
  const type = fieldOf(value, "type");
  if (typeof type !== "string")
    return { ok: false, problem: `a message without a type: ${quote(json)}`, id: idOf(value) };
  const check = checks.get(type);
  if (check === undefined)
    return { ok: false, problem: `an unknown message ${quote(type)}`, id: idOf(value) };
  const problem = check(value);
  if (problem === null) return { ok: true, message: value as Message };
  const text = `a malformed message ${quote(type)} (${quote(problem)})`;
  return { ok: false, problem: text, id: idOf(value) };
}

/** The id in the beginning of a request that is too large to be read. */
export function requestIdOf(head: string): number | null {
  const found = /^\{"type":"request","id":(\d{1,15})[,}]/.exec(head)?.[1];
  return found === undefined ? null : Number(found);
}

function idOf(value: unknown): number | null {
  const id = fieldOf(value, "id");
  return typeof id === "number" ? id : null;
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

const QUOTED_CHARS = 80;

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text);
}

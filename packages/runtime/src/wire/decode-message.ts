/** From the text of a frame to a message that is what it says it is. */
import type { z } from "zod";

export type Decoded<Message> =
  | { readonly ok: true; readonly message: Message }
  /** `id` is the request's, where one could be read. */
  | { readonly ok: false; readonly problem: string; readonly id: number | null };

type Schemas<Message extends { readonly type: string }> = {
  readonly [Type in Message["type"]]: z.ZodType<Extract<Message, { type: Type }>>;
};

export function decodeMessage<Message extends { readonly type: string }>(
  json: string,
  schemas: Schemas<Message>,
): Decoded<Message> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { ok: false, problem: `a frame that is not JSON: ${quote(json)}`, id: requestIdOf(json) };
  }
  const type = fieldOf(value, "type");
  const idField = fieldOf(value, "id");
  const id = typeof idField === "number" ? idField : null;
  if (typeof type !== "string") return { ok: false, problem: `a message without a type: ${quote(json)}`, id };
  const schema = Object.hasOwn(schemas, type) ? schemas[type as Message["type"]] : undefined;
  if (schema === undefined) return { ok: false, problem: `an unknown message ${quote(type)}`, id };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue === undefined ? "" : `${issue.path.join(".")}: ${issue.message}`;
  return { ok: false, problem: `a malformed message ${quote(type)} (${quote(where)})`, id };
}

/** The id in the beginning of a request that is too large to be read. */
export function requestIdOf(head: string): number | null {
  const found = /^\{"type":"request","id":(\d{1,15})[,}]/.exec(head)?.[1];
  return found === undefined ? null : Number(found);
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

const QUOTED_CHARS = 80;

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text);
}

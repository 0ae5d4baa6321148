/**
 * Shapes: what a value of an event may be, as plain data.
 *
 * Reading an event follows them, and its zod schema is made from them, so that there is one definition; and whoever reads and
 * records events does not wait for zod to be loaded.
 */
import type { Branded } from "./ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";

declare const valueOfShape: unique symbol;

/** A shape of values of type `Value`. */
export interface Shape<out Value> {
  readonly def: ShapeDef;
  /** Exists at compile time only. */
  readonly [valueOfShape]?: Value;
}

export type Fields = { readonly [key: string]: Shape<unknown> };

export type ShapeDef =
  | { readonly kind: "string"; readonly isEmptyAllowed: boolean; readonly pattern: RegExp | null }
  /** A safe integer. */
  | { readonly kind: "integer"; readonly least: number | null }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "nullable"; readonly inner: Shape<unknown> }
  /** It may be null or lacking, too. */
  | { readonly kind: "nullish"; readonly inner: Shape<unknown> }
  /** `isOpen`: whoever follows the shape leaves keys that it does not have as they are, and otherwise out. */
  | { readonly kind: "object"; readonly fields: Fields; readonly isOpen: boolean }
  /** Objects told apart by their `type`. */
  | { readonly kind: "union"; readonly options: readonly Shape<unknown>[] }
  /** Given up at the first element that does not fit, so that what is said of it does not grow with it. */
  | { readonly kind: "list"; readonly element: Shape<unknown> }
  /** As far as `isJson` goes. */
  | { readonly kind: "json"; readonly isObject: boolean };

type ValueOf<Of> = Of extends Shape<infer Value> ? Value : never;
type OptionalKey<Of extends Fields> = {
  [Key in keyof Of]: undefined extends ValueOf<Of[Key]> ? Key : never;
}[keyof Of];
type ObjectOf<Of extends Fields> = {
  readonly [Key in Exclude<keyof Of, OptionalKey<Of>>]: ValueOf<Of[Key]>;
} & { readonly [Key in OptionalKey<Of>]?: ValueOf<Of[Key]> };

export const string: Shape<string> = { def: { kind: "string", isEmptyAllowed: true, pattern: null } };

/** Any non-empty string, since a brand exists at compile time only. */
export function id<Id extends Branded<string, string>>(): Shape<Id> {
  return { def: { kind: "string", isEmptyAllowed: false, pattern: null } };
}

export function matching<Text extends string = string>(pattern: RegExp): Shape<Text> {
  return { def: { kind: "string", isEmptyAllowed: true, pattern } };
}

/** Safe integers, from `least` on where there is one. */
export function integer(least: number | null = null): Shape<number> {
  return { def: { kind: "integer", least } };
}

export function oneOf<const Word extends string>(words: readonly Word[]): Shape<Word> {
  return { def: { kind: "words", words } };
}

export function word<const Word extends string>(only: Word): Shape<Word> {
  return oneOf([only]);
}

export function nullable<Value>(inner: Shape<Value>): Shape<Value | null> {
  return { def: { kind: "nullable", inner } };
}

export function nullish<Value>(inner: Shape<Value>): Shape<Value | null | undefined> {
  return { def: { kind: "nullish", inner } };
}

export function object<const Of extends Fields>(fields: Of): Shape<ObjectOf<Of>> {
  return { def: { kind: "object", fields, isOpen: false } };
}

export function openObject<const Of extends Fields>(fields: Of): Shape<ObjectOf<Of>> {
  return { def: { kind: "object", fields, isOpen: true } };
}

export function byType<const Options extends readonly Shape<{ readonly type: string }>[]>(
  options: Options,
): Shape<ValueOf<Options[number]>> {
  return { def: { kind: "union", options } };
}

export function list<Element>(element: Shape<Element>): Shape<readonly Element[]> {
  return { def: { kind: "list", element } };
}

export const json: Shape<JsonValue> = { def: { kind: "json", isObject: false } };
export const jsonObject: Shape<JsonObject> = { def: { kind: "json", isObject: true } };

/** The words that the `type` of an object of this shape may be. */
export function typesOf({ def }: Shape<unknown>): readonly string[] {
  const type = def.kind === "object" ? def.fields["type"]?.def : undefined;
  return type?.kind === "words" ? type.words : [];
}

/**
 * Payloads that are made of lines of a log: what the document says stays in the file, and the document is a recipe for
 * putting it together again. A recipe is a few numbers, so a log of any size has payloads without being held in memory.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@rollout-trace/protocol";
import type { LogFile } from "./log-file.ts";

/** A line of one of the files of a rollout. */
export interface LineRef {
  readonly file: LogFile;
  readonly line: number;
}

/** Makes a part of a document of a line. Must not keep anything of the line: it is called whenever the part is read. */
export type Derive = (line: JsonValue) => JsonValue;

/** What a function makes of a line. */
export type LineDocument = { readonly type: "line"; readonly derive: Derive } & LineRef;

/** How a document comes out of its lines. */
export type LogDocument =
  | LineDocument
  /** A value of a few bytes that stands in no line. */
  | { readonly type: "literal"; readonly value: JsonValue }
  | { readonly type: "object"; readonly members: { readonly [key: string]: LogDocument } }
  /** An array; a `spread` element stands for the elements of an array. */
  | { readonly type: "array"; readonly elements: readonly LogElement[] }
  /** An array of the last `count` elements of a list. */
  | { readonly type: "list"; readonly last: ListNode | null; readonly count: number };

export type LogElement = LogDocument | { readonly type: "spread"; readonly array: LogDocument };

/**
 * A list that grows at its end, as its last node. Lists that begin alike share their beginning, so that any number of
 * documents about any number of its elements cost a node for each element and a document each.
 */
export interface ListNode {
  readonly previous: ListNode | null;
  readonly element: LogElement;
  /** Elements up to and with this one. */
  readonly length: number;
}

export function append(last: ListNode | null, element: LogElement): ListNode {
  return { previous: last, element, length: (last?.length ?? 0) + 1 };
}

export function listDocument(last: ListNode | null, count: number = last?.length ?? 0): LogDocument {
  return { type: "list", last, count };
}

export function lineDocument({ file, line }: LineRef, derive: Derive = whole): LogDocument {
  return { type: "line", file, line, derive };
}

function whole(line: JsonValue): JsonValue {
  return line;
}

/** What stands under a path of keys of a line. To be made once and used for many lines. */
export function valueUnder(...path: readonly string[]): Derive {
  return (line) => valueAt(line, path) ?? null;
}

export function literalDocument(value: JsonValue): LogDocument {
  return { type: "literal", value };
}

export function objectDocument(members: { readonly [key: string]: LogDocument }): LogDocument {
  return { type: "object", members };
}

export function arrayDocument(elements: readonly LogElement[]): LogDocument {
  return { type: "array", elements };
}

/** The elements of an array that stands in a line, as elements of another. */
export function spread(array: LogDocument): LogElement {
  return { type: "spread", array };
}

/** A line that a document is made of cannot be read; the message says which and why. */
export class UnreadableLine extends Error {
  override readonly name = "UnreadableLine";
}

/** The document as a value. Throws `UnreadableLine`. */
export function valueOf(document: LogDocument): JsonValue {
  switch (document.type) {
    case "literal":
      return document.value;
    case "line":
      return document.derive(contentOf(document));
    case "object": {
      const members = Object.entries(document.members).map(([key, member]) => [key, valueOf(member)]);
      return Object.fromEntries(members) as JsonObject;
    }
    case "array":
    case "list":
      return elementsOf(document).map((element) => element());
  }
}

/**
 * The elements of an array document, each read when it is called for; null when the document is no array. Throws
 * `UnreadableLine` where an array that is spread cannot be read.
 */
export function elementsOf(document: ArrayDocument): readonly (() => JsonValue)[] {
  return elementDocuments(document).flatMap((element) => {
    if (element.type !== "spread") return [() => valueOf(element)];
    const values = valueOf(element.array);
    return Array.isArray(values) ? (values as readonly JsonValue[]).map((value) => () => value) : [];
  });
}

export type ArrayDocument = LogDocument & { readonly type: "array" | "list" };

/** The elements of an array document, not read yet. */
export function elementDocuments(document: ArrayDocument): readonly LogElement[] {
  if (document.type === "array") return document.elements;
  const elements: LogElement[] = [];
  let at = document.last;
  while (at !== null && elements.length < document.count) {
    elements.push(at.element);
    at = at.previous;
  }
  return elements.reverse();
}

/** Bytes of the lines that a document is made of, each time it uses them; of a literal, its JSON text. */
export function bytesOf(document: LogDocument): number {
  switch (document.type) {
    case "literal":
      return Buffer.byteLength(JSON.stringify(document.value));
    case "line":
      return document.file.lineBytes(document.line);
    case "object":
      return Object.values(document.members).reduce((sum, member) => sum + bytesOf(member), 0);
    case "array":
    case "list":
      return elementDocuments(document).reduce(
        (sum, element) => sum + bytesOf(element.type === "spread" ? element.array : element),
        0,
      );
  }
}

/** What stands under a path of keys, or undefined. */
export function valueAt(value: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  let here = value;
  for (const key of path) here = isJsonObject(here) && Object.hasOwn(here, key) ? here[key] : undefined;
  return here;
}

function contentOf({ file, line }: LineRef): JsonValue {
  const content = file.content(line);
  if (!content.ok) throw new UnreadableLine(`${file.path}:${line}: ${content.message}`);
  return content.value;
}

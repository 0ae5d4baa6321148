/**
 * Writes objects that refer to each other, in circles too, as one JSON document, and reads them back with the same identities.
 *
 * Objects, arrays, maps and sets are listed in the order in which they are found; a reference is a list with the number of
 * what it refers to. What else there is (functions, instances of classes) is written and made anew by its codec. Neither
 * direction recurses: a conversation is a chain of as many objects as it has items.
 */
import type { JsonValue } from "@rollout-trace/protocol";

/** An object that is no plain data: known by `matches`, written as what `write` gives, made of that by `read`. */
export interface Codec {
  readonly matches: (value: object) => boolean;
  readonly write: (value: object) => readonly unknown[];
  readonly read: (parts: readonly unknown[]) => object;
}

export interface ObjectGraph {
  /** The keys of each sort of plain object, so that they need not be repeated. */
  readonly shapes: readonly (readonly string[])[];
  /** Each is a kind (`o`, `a`, `m`, `s`, or the number of a codec), for `o` the number of its shape, and its contents. */
  readonly nodes: readonly JsonValue[];
}

/** Throws `TypeError` for what is neither data nor known to a codec. */
export function writeObjects(root: object, codecs: readonly Codec[]): ObjectGraph {
  return new Writer(codecs).write(root);
}

/** Throws `TypeError` for what `writeObjects` did not write. */
export function readObjects(graph: ObjectGraph, codecs: readonly Codec[]): object {
  return new Reader(graph, codecs).read();
}

class Writer {
  readonly #codecs: readonly Codec[];
  readonly #numbers: Map<object, number> = new Map();
  readonly #found: object[] = [];
  readonly #shapes: Map<string, number> = new Map();

  constructor(codecs: readonly Codec[]) {
    this.#codecs = codecs;
  }

  write(root: object): ObjectGraph {
    this.#valueOf(root);
    const nodes: JsonValue[] = [];
    // The list grows while it is walked.
    for (const object of this.#found) nodes.push(this.#nodeOf(object));
    return { shapes: [...this.#shapes.keys()].map((keys) => JSON.parse(keys) as string[]), nodes };
  }

  #nodeOf(object: object): JsonValue {
    if (Array.isArray(object)) return ["a", ...object.map((part) => this.#valueOf(part))];
    if (object instanceof Map) {
      return ["m", ...[...object].flat().map((part) => this.#valueOf(part))];
    }
    if (object instanceof Set) return ["s", ...[...object].map((part) => this.#valueOf(part))];
    const codec = this.#codecs.findIndex(({ matches }) => matches(object));
    if (codec >= 0) {
      const parts = this.#codecs[codec]?.write(object) ?? [];
      return [codec, ...parts.map((part) => this.#valueOf(part))];
    }
    if (typeof object === "function") throw new TypeError("a function has no codec");
    return ["o", this.#shapeOf(object), ...Object.values(object).map((part) => this.#valueOf(part))];
  }

  #shapeOf(object: object): number {
    const keys = JSON.stringify(Object.keys(object));
    const known = this.#shapes.get(keys) ?? this.#shapes.size;
    this.#shapes.set(keys, known);
    return known;
  }

  #valueOf(value: unknown): JsonValue {
    if (value === undefined) return [];
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number") return value;
    if (typeof value !== "object" && typeof value !== "function") {
      throw new TypeError(`a ${typeof value} is no data`);
    }
    const known = this.#numbers.get(value);
    if (known !== undefined) return [known];
    const number = this.#found.push(value) - 1;
    this.#numbers.set(value, number);
    return [number];
  }
}

class Reader {
  readonly #graph: ObjectGraph;
  readonly #codecs: readonly Codec[];
  readonly #objects: object[] = [];

  constructor(graph: ObjectGraph, codecs: readonly Codec[]) {
    this.#graph = graph;
    this.#codecs = codecs;
  }

  read(): object {
    for (const node of this.#graph.nodes) this.#objects.push(emptyOf(partsOf(node)[0]));
    // What a codec makes takes the place of an empty object, so it is made before anything refers to it. Its parts are filled
    // afterwards like everything else, as they are lists and maps.
    for (const [index, node] of this.#graph.nodes.entries()) {
      const [kind, ...parts] = partsOf(node);
      const codec = typeof kind === "number" ? this.#codecs[kind] : undefined;
      if (codec !== undefined) this.#objects[index] = codec.read(parts.map((part) => this.#valueOf(part)));
      else if (typeof kind === "number") throw new TypeError(`there is no codec ${kind}`);
    }
    for (const [index, node] of this.#graph.nodes.entries()) this.#fill(this.#objects[index], partsOf(node));
    const [root] = this.#objects;
    if (root === undefined) throw new TypeError("there are no objects");
    return root;
  }

  #fill(object: object | undefined, [kind, ...parts]: readonly JsonValue[]): void {
    if (kind === "a") for (const part of parts) (object as unknown[]).push(this.#valueOf(part));
    else if (kind === "s") for (const part of parts) (object as Set<unknown>).add(this.#valueOf(part));
    else if (kind === "m") {
      for (let at = 0; at < parts.length; at += 2) {
        (object as Map<unknown, unknown>).set(this.#valueOf(parts[at]), this.#valueOf(parts[at + 1]));
      }
    } else if (kind === "o") this.#fillObject(object as object, parts);
  }

  #fillObject(object: object, [shape, ...values]: readonly JsonValue[]): void {
    const keys = this.#graph.shapes[shape as number];
    if (keys?.length !== values.length) throw new TypeError(`there is no shape ${JSON.stringify(shape)}`);
    for (const [index, key] of keys.entries()) {
      // A recorded attribute may be called `__proto__`; assigned, it would be none.
      Object.defineProperty(object, key, {
        value: this.#valueOf(values[index]),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }

  #valueOf(value: JsonValue | undefined): unknown {
    if (!Array.isArray(value)) return value;
    if (value.length === 0) return undefined;
    const object = this.#objects[value[0] as number];
    if (object === undefined) throw new TypeError(`there is no object ${JSON.stringify(value)}`);
    return object;
  }
}

function emptyOf(kind: JsonValue | undefined): object {
  switch (kind) {
    case "a":
      return [];
    case "m":
      return new Map();
    case "s":
      return new Set();
    default:
      return {};
  }
}

function partsOf(node: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(node)) throw new TypeError(`${JSON.stringify(node)} is no object`);
  return node as readonly JsonValue[];
}

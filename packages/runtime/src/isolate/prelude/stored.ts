/**
 * Runs inside the isolate; refers to nothing outside itself.
 *
 * The session's values as of the cell's start, and the cell's own writes over them.
 */
import type { Outbox } from "./outbox.ts";

type Dictionary = Record<string | number, string | undefined>;

export interface Stored {
  /** Takes the session's values; they are parsed when one is first asked for. */
  provide(encoded: string): void;
  store(key: unknown, value: unknown): void;
  load(key: unknown): unknown;
  /** The cell's writes, encoded as the bridge wants them; empty when there are none. */
  writes(): string;
}

export function makeStored(outbox: Outbox): Stored {
  const create = Object.create as (prototype: null) => Dictionary;
  const parse = JSON.parse;
  const stringify = JSON.stringify as (value: unknown) => string | undefined;
  const TypeErrorOf = TypeError;

  let encoded = "";
  let session: Dictionary | null = null;
  const written = create(null);
  const keys = create(null);
  let keyCount = 0;

  const fromSession = (key: string): string | undefined => {
    if (session === null) {
      session = create(null);
      const flat = encoded === "" ? [] : (parse(encoded) as string[]);
      for (let index = 0; index < flat.length; index += 2) session[flat[index] as string] = flat[index + 1];
      encoded = "";
    }
    return session[key];
  };
  const checkedKey = (name: string, key: unknown): string => {
    if (typeof key === "string") return key;
    throw new TypeErrorOf(`${name}: the key must be a string`);
  };

  return {
    provide(values) {
      encoded = values;
    },
    store(key, value) {
      outbox.assertLive();
      const name = checkedKey("store", key);
      const json = stringify(value);
      if (json === undefined) {
        throw new TypeErrorOf(`store: a value of type ${typeof value} cannot be stored as JSON`);
      }
      outbox.assertLive();
      if (written[name] === undefined) {
        keys[keyCount] = name;
        keyCount += 1;
      }
      written[name] = json;
    },
    load(key) {
      outbox.assertLive();
      const name = checkedKey("load", key);
      const json = written[name] ?? fromSession(name);
      return json === undefined ? undefined : parse(json);
    },
    writes() {
      if (keyCount === 0) return "";
      let text = "";
      for (let index = 0; index < keyCount; index += 1) {
        const key = keys[index] as string;
        text += `${index === 0 ? "" : ","}${stringify(key)},${stringify(written[key])}`;
      }
      return `[${text}]`;
    },
  };
}

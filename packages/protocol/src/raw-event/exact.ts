/**
 * Whether a value is already what reading it by its shape would make of it.
 *
 * A reader decodes every event, and nearly every event is exactly what a recorder writes: it has the keys of its shape, in their
 * order, and no others. Such a value need not be copied key by key.
 */
import { isJson, isJsonObject } from "../json.ts";
import type { Fields, Shape } from "../shape.ts";

/** True only for values that their shape takes and gives back as they are. */
export type IsExact = (value: unknown) => boolean;

export function exactly({ def }: Shape<unknown>): IsExact {
  switch (def.kind) {
    case "string": {
      const { pattern } = def;
      const least = def.isEmptyAllowed ? 0 : 1;
      if (pattern !== null) return (value) => typeof value === "string" && pattern.test(value);
      return (value) => typeof value === "string" && value.length >= least;
    }
    case "integer": {
      const least = def.least ?? Number.MIN_SAFE_INTEGER;
      return (value) => Number.isSafeInteger(value) && (value as number) >= least;
    }
    case "words": {
      const words: ReadonlySet<unknown> = new Set(def.words);
      return (value) => words.has(value);
    }
    case "nullable": {
      const isExact = exactly(def.inner);
      return (value) => value === null || isExact(value);
    }
    case "nullish": {
      const isExact = exactly(def.inner);
      return (value) => value === null || value === undefined || isExact(value);
    }
    case "union": {
      const options = def.options.map(exactly);
      return (value) => {
        for (const isExact of options) if (isExact(value)) return true;
        return false;
      };
    }
    case "object":
      return def.isOpen ? never : exactObject(def.fields);
    case "list": {
      const isExact = exactly(def.element);
      return (value) => Array.isArray(value) && value.every(isExact);
    }
    case "json":
      return def.isObject ? (value) => isJson(value) && isJsonObject(value) : isJson;
  }
}

const never: IsExact = () => false;

function exactObject(fields: Fields): IsExact {
  const keys = Object.keys(fields);
  const fits = Object.values(fields).map(exactly);
  const mayLack = fits.map((isExact) => isExact(undefined));
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    let at = 0;
    for (const key in value) {
      while (keys[at] !== key) {
        if (mayLack[at] !== true) return false;
        at += 1;
      }
      if (fits[at]?.((value as Readonly<Record<string, unknown>>)[key]) !== true) return false;
      at += 1;
    }
    for (; at < keys.length; at += 1) if (mayLack[at] !== true) return false;
    return true;
  };
}

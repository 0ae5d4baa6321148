/**
 * Whether a value is already what its schema would make of it.
 *
 * A reader decodes every event, and nearly every event is exactly what a recorder writes: it has the keys of its schema, in their
 * order, and no others. Such a value need not be copied key by key. The schemas stay the one definition: this only follows
 * them, and what it cannot follow or does not find exact is left to them.
 */
import type { z } from "zod";

/** True only for values that the schema takes and gives back as they are. */
export type IsExact = (value: unknown) => boolean;

export function exactly(schema: z.ZodType): IsExact {
  // Zod's type for any schema does not say what the definition of each kind has; what is missing here is taken for not exact.
  const { def } = schema as unknown as { readonly def: Def };
  const { checks = [] } = def;
  if (checks.length > 0 && def.type !== "string" && def.type !== "number") return never;
  switch (def.type) {
    case "string":
      return exactString(def);
    case "number":
      return exactNumber(def);
    case "literal": {
      const { values = [] } = def;
      const [only] = values;
      return values.length === 1 ? (value) => value === only : (value) => values.includes(value);
    }
    case "enum": {
      const values = new Set(Object.values(def.entries ?? {}));
      return (value) => values.has(value);
    }
    case "nullable":
      return either((value) => value === null, def.innerType);
    case "optional":
      return either((value) => value === undefined, def.innerType);
    case "union": {
      const options = (def.options ?? []).map(exactly);
      return (value) => {
        for (const isExact of options) if (isExact(value)) return true;
        return false;
      };
    }
    case "object":
      return def.catchall === undefined ? exactObject(def.shape ?? {}) : never;
    default:
      return never;
  }
}

/** What of a schema's definition is looked at. */
interface Def {
  readonly type: string;
  readonly format?: string;
  readonly checks?: readonly { readonly _zod: { readonly def: Check } }[];
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly innerType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: unknown;
}

interface Check {
  readonly check: string;
  readonly minimum?: number;
  readonly value?: number;
  readonly inclusive?: boolean;
}

const never: IsExact = () => false;

function either(isNothing: IsExact, innerType: z.ZodType | undefined): IsExact {
  const isExact = innerType === undefined ? never : exactly(innerType);
  return (value) => isNothing(value) || isExact(value);
}

function exactString({ format, checks = [] }: Def): IsExact {
  if (format !== undefined) return never;
  let least = 0;
  for (const { _zod } of checks) {
    if (_zod.def.check !== "min_length") return never;
    least = Math.max(least, _zod.def.minimum ?? 0);
  }
  return (value) => typeof value === "string" && value.length >= least;
}

function exactNumber({ format, checks = [] }: Def): IsExact {
  if (format !== "safeint") return never;
  let least = Number.MIN_SAFE_INTEGER;
  for (const { _zod } of checks) {
    const { check, value, inclusive } = _zod.def;
    if (check !== "greater_than" || inclusive !== true) return never;
    least = Math.max(least, value ?? 0);
  }
  return (value) => Number.isSafeInteger(value) && (value as number) >= least;
}

function exactObject(shape: Readonly<Record<string, z.ZodType>>): IsExact {
  const keys = Object.keys(shape);
  const fits = Object.values(shape).map(exactly);
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

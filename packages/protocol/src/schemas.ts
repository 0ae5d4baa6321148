/**
 * Zod schemas of raw events, for whoever validates or documents them with zod. They are made from the shapes that
 * `decodeRawEvent` follows, which says the same of a value in the same words.
 */
import { z } from "zod";
import { isJson, isJsonObject, MAX_JSON_LEVELS } from "./json.ts";
import { type RawEventPayload, type RawEventType, rawEventShapes } from "./raw-event/raw-event.ts";
import { type Fields, type Shape, typesOf } from "./shape.ts";

/** A table with one schema for each event type. */
export type EventSchemas = {
  readonly [Type in RawEventType]: z.ZodType<Extract<RawEventPayload, { readonly type: Type }>>;
};

/** One schema for each event type. */
export const rawEventSchemas: EventSchemas = Object.fromEntries(
  Object.entries(rawEventShapes).map(([type, shape]) => [type, schemaOf(shape)]),
  // Each was made from the shape of its type.
) as unknown as EventSchemas;

function schemaOf({ def }: Shape<unknown>): z.ZodType {
  switch (def.kind) {
    case "string":
      if (def.pattern !== null) return z.string().regex(def.pattern);
      return def.isEmptyAllowed ? z.string() : z.string().min(1);
    case "integer":
      return def.least === null ? z.int() : z.int().min(def.least);
    case "words": {
      const [only, another] = def.words;
      return only !== undefined && another === undefined ? z.literal(only) : z.enum(def.words);
    }
    case "nullable":
      return schemaOf(def.inner).nullable();
    case "nullish":
      return schemaOf(def.inner).nullish();
    case "object":
      return def.isOpen ? z.looseObject(schemasOf(def.fields)) : z.object(schemasOf(def.fields));
    case "union":
      return unionOf(def.options);
    case "list":
      return listOf(schemaOf(def.element));
    case "json": {
      const message = `expected JSON of at most ${MAX_JSON_LEVELS} levels`;
      if (!def.isObject) return z.custom(isJson, message);
      return z.custom((value) => isJson(value) && isJsonObject(value), `${message}, and an object`);
    }
  }
}

function schemasOf(fields: Fields): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(fields).map(([key, shape]) => [key, schemaOf(shape)]));
}

function unionOf(options: readonly Shape<unknown>[]): z.ZodType {
  const schemas = options.map((option) =>
    z.object({
      ...schemasOf(option.def.kind === "object" ? option.def.fields : {}),
      type: z.enum(typesOf(option)),
    }),
  );
  const [first, ...rest] = schemas;
  return first === undefined ? z.never() : z.discriminatedUnion("type", [first, ...rest]);
}

/** A list, given up at the first element that does not fit. */
function listOf(element: z.ZodType): z.ZodType {
  return z.array(z.unknown()).transform((values, context) => {
    const elements: unknown[] = [];
    for (const [index, value] of values.entries()) {
      const read = element.safeParse(value);
      if (!read.success) {
        for (const issue of read.error.issues) {
          context.addIssue({ ...issue, path: [index, ...issue.path] });
        }
        return z.NEVER;
      }
      elements.push(read.data);
    }
    return elements;
  });
}

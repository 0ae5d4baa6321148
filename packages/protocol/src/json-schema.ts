/** Schemas that take whatever somebody wrote without growing with it: one issue for what does not fit, and no recursion. */
import { z } from "zod";
import { isJson, isJsonObject, type JsonObject, type JsonValue, MAX_JSON_LEVELS } from "./json.ts";

const message = `expected JSON of at most ${MAX_JSON_LEVELS} levels`;

export const jsonSchema: z.ZodType<JsonValue> = z.custom<JsonValue>(isJson, message);
export const jsonObjectSchema: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => isJson(value) && isJsonObject(value),
  `${message}, and an object`,
);

/** A list, given up at the first element that does not fit. */
export function listSchema<Element>(element: z.ZodType<Element>): z.ZodType<readonly Element[]> {
  return z.array(z.unknown()).transform((values, context) => {
    const elements: Element[] = [];
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

import { z } from "zod";
import type { Branded } from "./ids.ts";

/** A schema for a branded id: any non-empty string, since a brand exists at compile time only. */
export function idSchema<Id extends Branded<string, string>>(): z.ZodType<Id> {
  return z.string().min(1) as unknown as z.ZodType<Id>;
}

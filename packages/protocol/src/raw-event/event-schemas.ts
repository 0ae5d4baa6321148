import type { z } from "zod";

/** A table with one schema for each event type of `Payload`: a type without a schema does not compile. */
export type EventSchemas<Payload extends { readonly type: string }> = {
  readonly [Type in Payload["type"]]: z.ZodType<Extract<Payload, { readonly type: Type }>>;
};

import type { Shape } from "../shape.ts";

/** A table with one shape for each event type of `Payload`: a type without a shape does not compile. */
export type EventShapes<Payload extends { readonly type: string }> = {
  readonly [Type in Payload["type"]]: Shape<Extract<Payload, { readonly type: Type }>>;
};

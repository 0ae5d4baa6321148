import type { PayloadOf, RawEvent, RawEventType } from "@rollout-trace/protocol";
import type { Reduction } from "../reduction.ts";

/** Applies one type of event to the state. */
export type Handler<Type extends RawEventType> = (
  reduction: Reduction,
  event: RawEvent<PayloadOf<Type>>,
) => void;

/** One handler for each type: a type without one does not compile. */
export type Handlers<Type extends RawEventType> = { readonly [Each in Type]: Handler<Each> };

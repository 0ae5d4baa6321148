/** What the operations of a session give, as the host sends it. */
import type { PendingOutcome, WaitOutcome, WaitToPendingOutcome } from "@rollout-trace/protocol";
import { type Check, list, object, oneOf, text, union } from "./check.ts";
import { contentItemsCheck, responseCheck } from "./events.ts";

export const pendingOutcomeCheck: Check<PendingOutcome> = union<PendingOutcome>({
  pending: { cellId: text, contentItems: contentItemsCheck, pendingToolCallIds: list(text) },
  completed: { response: responseCheck },
});

export const waitOutcomeCheck: Check<WaitOutcome> = object<WaitOutcome>({
  type: oneOf<WaitOutcome["type"]>({ live: true, missing: true }),
  response: responseCheck,
});

export const waitToPendingOutcomeCheck: Check<WaitToPendingOutcome> = union<WaitToPendingOutcome>({
  live: { outcome: pendingOutcomeCheck },
  missing: { response: responseCheck },
});

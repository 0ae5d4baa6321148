/** What the operations of a session give, as the host sends it. */
import type { PendingOutcome, WaitOutcome, WaitToPendingOutcome } from "@rollout-trace/protocol";
import { z } from "zod";
import { contentItemSchema, responseSchema } from "./events.ts";

export const pendingOutcomeSchema: z.ZodType<PendingOutcome> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("pending"),
    cellId: z.string(),
    contentItems: z.array(contentItemSchema),
    pendingToolCallIds: z.array(z.string()),
  }),
  z.object({ type: z.literal("completed"), response: responseSchema }),
]);

export const waitOutcomeSchema: z.ZodType<WaitOutcome> = z.object({
  type: z.enum(["live", "missing"]),
  response: responseSchema,
});

export const waitToPendingOutcomeSchema: z.ZodType<WaitToPendingOutcome> = z.union([
  z.object({ type: z.literal("live"), outcome: pendingOutcomeSchema }),
  z.object({ type: z.literal("missing"), response: responseSchema }),
]);

/** The host's own spans, stored with what they happened in. Give the processor to the SDK's tracer provider. */
export { HOST_SPAN_LIMITS } from "./host-spans.ts";
export { RolloutSpanProcessor } from "./rollout-span-processor.ts";
export type { FinishedSpan, RolloutSpanProcessorOptions, StartedSpan } from "./rollout-span-processor.ts";

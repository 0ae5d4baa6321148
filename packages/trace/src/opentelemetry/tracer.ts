/** The tracer of whatever SDK the host has registered. Without one, asking costs a comparison and allocates nothing. */
import { ProxyTracerProvider, trace, type Tracer, type TracerProvider } from "@opentelemetry/api";
import { TRACER_NAMES } from "@rollout-trace/protocol";

let known: { readonly provider: TracerProvider; readonly tracer: Tracer } | null = null;

/** Null while no SDK is registered; it may be registered later. */
export function activeTracer(): Tracer | null {
  const global = trace.getTracerProvider();
  if (!(global instanceof ProxyTracerProvider)) return tracerOf(global);
  // The API hands out a proxy, which gives no tracer as long as nothing stands behind it.
  if (known !== null && global.getDelegate() === known.provider) return known.tracer;
  if (global.getDelegateTracer(TRACER_NAMES.recorder) === undefined) return null;
  return tracerOf(global.getDelegate());
}

function tracerOf(provider: TracerProvider): Tracer {
  if (known?.provider !== provider) known = { provider, tracer: provider.getTracer(TRACER_NAMES.recorder) };
  return known.tracer;
}

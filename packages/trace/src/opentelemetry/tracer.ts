/** The tracer of whatever SDK the host has registered. Without one, asking costs a comparison and allocates nothing. */
import { ProxyTracerProvider, trace, type Tracer, type TracerProvider } from "@opentelemetry/api";
import { capturesContent, TRACER_NAMES } from "@rollout-trace/protocol";

interface Registered {
  readonly provider: TracerProvider;
  readonly tracer: Tracer;
  /** Whether content was asked for when the SDK was first seen; the environment is slow to read. */
  readonly content: boolean;
}

let known: Registered | null = null;

/** Null while no SDK is registered; it may be registered later. */
export function activeTracer(): Tracer | null {
  const global = trace.getTracerProvider();
  if (!(global instanceof ProxyTracerProvider)) return registered(global).tracer;
  // The API hands out a proxy, which gives no tracer as long as nothing stands behind it.
  if (known !== null && global.getDelegate() === known.provider) return known.tracer;
  if (global.getDelegateTracer(TRACER_NAMES.recorder) === undefined) return null;
  return registered(global.getDelegate()).tracer;
}

/** Whether spans of the SDK that is registered are told content. */
export function tellsContent(): boolean {
  return known?.content === true;
}

function registered(provider: TracerProvider): Registered {
  if (known?.provider !== provider) {
    const tracer = provider.getTracer(TRACER_NAMES.recorder);
    known = { provider, tracer, content: capturesContent(process.env) };
  }
  return known;
}

/**
 * OpenTelemetry in a host: the recorder's spans go to a collector, and the host's own, here those of its HTTP requests, into the
 * recording. `OTEL_EXPORTER_OTLP_ENDPOINT` says where the collector is (default: http://localhost:4318).
 */
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { RolloutSpanProcessor } from "@rollout-trace/trace/opentelemetry";

/** Turns OpenTelemetry on for this process. Gives a function that sends what is left and turns it off. */
export function startOpenTelemetry(): () => Promise<void> {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "agent-host-example" }),
    spanProcessors: [
      new RolloutSpanProcessor(),
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }),
    ],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const stop = registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [new UndiciInstrumentation()],
  });
  return async () => {
    stop();
    // A collector that is not there is no reason to fail.
    await provider
      .shutdown()
      .catch((error: unknown) => console.error(`spans were not sent: ${describe(error)}`));
  };
}

/** Errors of several attempts to connect come as one without a message. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(String).join(", ");
  return String(error);
}

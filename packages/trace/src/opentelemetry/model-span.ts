/** The span of a request to a model: what is asked, what comes back, how it ends. */
import type { Attributes } from "@opentelemetry/api";
import { type Dialect, GEN_AI } from "@rollout-trace/protocol";
import type { ActiveSpan } from "./active-span.ts";
import { requestContent, responseContent } from "./content.ts";
import { messageOf } from "../trace-store-error.ts";
import { errorTypeOf } from "./error-type.ts";
import { responseFacts } from "./response-facts.ts";
import type { InferenceStart, ThreadSpans } from "./thread-spans.ts";
import { tellsContent } from "./tracer.ts";

export class ModelSpan {
  readonly span: ActiveSpan;
  readonly #dialect: Dialect | null;
  /** Takes secrets out. */
  readonly #redact: (text: string) => string;

  private constructor(span: ActiveSpan, dialect: Dialect | null, redact: (text: string) => string) {
    this.span = span;
    this.#dialect = dialect;
    this.#redact = redact;
  }

  static start(
    spans: ThreadSpans,
    start: InferenceStart,
    options: {
      readonly dialect: Dialect | null;
      readonly request: unknown;
      readonly redact: (text: string) => string;
    },
  ): ModelSpan | null {
    const span = spans.startInference(start);
    if (span === null) return null;
    if (tellsContent()) span.set(() => requestContent(options.request, options.redact));
    return new ModelSpan(span, options.dialect, options.redact);
  }

  completed(responseId: string | null | undefined, response: unknown): void {
    this.span.end(() => ({ status: "completed", attributes: this.#facts(responseId, response) }));
  }

  failed(error: unknown): void {
    this.span.end(() => ({
      status: "failed",
      errorType: errorTypeOf(error),
      message: this.#redact(messageOf(error)),
    }));
  }

  /** The host stopped reading; that is no failure of the model. */
  cancelled(): void {
    this.span.end(() => ({ status: "cancelled" }));
  }

  #facts(responseId: string | null | undefined, response: unknown): Attributes {
    return {
      ...(typeof responseId === "string" ? { [GEN_AI.responseId]: responseId } : {}),
      ...responseFacts(response, this.#dialect),
      ...(tellsContent() ? responseContent(response, this.#redact) : {}),
    };
  }
}

/** Values that both the store and a span are told of. */

/** A value that is built for the store and kept for the span: what a host builds, it builds once. */
export class Noted {
  value: unknown;
  readonly build: () => unknown;

  constructor(build: () => unknown) {
    this.build = () => (this.value = build());
  }
}

/** The function itself where no span is told of its value. */
export function buildOf(noted: Noted | null, build: () => unknown): () => unknown {
  return noted === null ? build : noted.build;
}

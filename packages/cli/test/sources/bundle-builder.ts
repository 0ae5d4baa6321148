/** Writes small Codex bundles, so that a test can say what is in one in a few lines. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = "thread-root";
export const CHILD = "thread-child";

/** Where a payload goes in an event; `payload(kind, document)` writes it and gives the reference. */
export class BundleBuilder {
  readonly folder: string;
  readonly #lines: string[] = [];
  readonly #version: 1 | 2;
  #payloads = 0;

  constructor(folder: string, version: 1 | 2 = 2) {
    this.folder = folder;
    this.#version = version;
    mkdirSync(join(folder, "payloads"), { recursive: true });
    writeFileSync(
      join(folder, "manifest.json"),
      JSON.stringify({
        schema_version: version,
        trace_id: "trace",
        rollout_id: ROOT,
        root_thread_id: ROOT,
        started_at_unix_ms: 1_000,
        raw_event_log: "trace.jsonl",
        payloads_dir: "payloads",
      }),
    );
  }

  payload(kind: string, document: unknown): object {
    this.#payloads += 1;
    const path = `payloads/${this.#payloads}.json`;
    writeFileSync(join(this.folder, path), JSON.stringify(document, null, 2));
    return { raw_payload_id: `raw_payload:${this.#payloads}`, kind: { type: kind }, path };
  }

  event(payload: object, at: { thread?: string | null; turn?: string | null; ms?: number } = {}): this {
    const seq = this.#lines.length + 1;
    return this.line(
      JSON.stringify({
        schema_version: this.#version,
        seq,
        wall_time_unix_ms: at.ms ?? 1_000 + seq,
        rollout_id: ROOT,
        thread_id: at.thread === undefined ? ROOT : at.thread,
        codex_turn_id: at.turn === undefined ? "turn-1" : at.turn,
        payload,
      }),
    );
  }

  /** Any text as the next line. */
  line(text: string): this {
    this.#lines.push(text);
    return this;
  }

  /** The same bundle with only the first lines of its log. */
  cutAfter(lines: number): BundleBuilder {
    const cut = new BundleBuilder(this.folder, this.#version);
    for (const text of this.#lines.slice(0, lines)) cut.line(text);
    return cut;
  }

  write(end = "\n"): string {
    writeFileSync(join(this.folder, "trace.jsonl"), this.#lines.join("\n") + end);
    return this.folder;
  }
}

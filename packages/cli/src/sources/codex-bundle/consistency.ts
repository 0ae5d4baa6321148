/**
 * Whether the lines of a bundle are of the bundle that its manifest says: its version, its rollout, its ids. What contradicts it
 * is read all the same, and said once for each wrong value.
 */
import type { JsonValue } from "@rollout-trace/protocol";
import type { BundleEvent } from "./bundle-event.ts";
import type { BundleManifest } from "./manifest.ts";

/** Wrong values of one field that are told of; a log may have another on each line. */
const MAX_TOLD = 10;

/** Values are quoted to this length. */
const QUOTED = 80;

export class Consistency {
  readonly #manifest: BundleManifest;
  readonly #told = new Map<string, Set<string>>();

  constructor(manifest: BundleManifest) {
    this.#manifest = manifest;
  }

  /** What an event says against the manifest, in words. */
  check({ schemaVersion, rolloutId, type, payload }: BundleEvent): readonly string[] {
    const manifest = this.#manifest;
    const contradictions = [
      this.#compare("schema_version", schemaVersion, manifest.schemaVersion),
      this.#compare("rollout_id", rolloutId, manifest.rolloutId),
    ];
    if (type === "rollout_started") {
      contradictions.push(
        this.#compare("trace_id", payload["trace_id"] ?? null, manifest.traceId),
        this.#compare("root_thread_id", payload["root_thread_id"] ?? null, manifest.rootThreadId),
      );
    }
    return contradictions.filter((contradiction) => contradiction !== null);
  }

  #compare(field: string, said: JsonValue, expected: string | number): string | null {
    if (said === expected) return null;
    const text = JSON.stringify(said).slice(0, QUOTED);
    const told = this.#told.get(field) ?? new Set();
    this.#told.set(field, told);
    if (told.has(text) || told.size >= MAX_TOLD) return null;
    told.add(text);
    return `${field} is ${text}; the manifest says ${JSON.stringify(expected)}`;
  }
}

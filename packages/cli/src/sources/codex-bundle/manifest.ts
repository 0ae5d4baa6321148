/** `manifest.json` of a Codex trace bundle, both schema versions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CliError, messageOf } from "../../errors.ts";

export interface BundleManifest {
  readonly schemaVersion: number;
  readonly traceId: string;
  readonly rolloutId: string;
  readonly rootThreadId: string;
  /** Relative to the bundle's folder. */
  readonly eventLog: string;
  /** Relative to the bundle's folder. */
  readonly payloadFolder: string;
}

export const MANIFEST_FILE = "manifest.json";

/** Schema versions of the recorder that this reader knows. */
const KNOWN_VERSIONS: readonly number[] = [1, 2];

const manifestSchema = z.object({
  schema_version: z.int(),
  trace_id: z.string().min(1),
  rollout_id: z.string().min(1),
  root_thread_id: z.string().min(1),
  raw_event_log: z.string().min(1).default("trace.jsonl"),
  payloads_dir: z.string().min(1).default("payloads"),
});

/** Reads the manifest. Throws `CliError` `unreadable_source` when it is missing, no manifest, or of an unknown version. */
export function readManifest(folder: string): BundleManifest {
  const file = join(folder, MANIFEST_FILE);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CliError("unreadable_source", `${file}: ${messageOf(error)}`, { cause: error });
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    throw new CliError(
      "unreadable_source",
      `${file}: not a bundle manifest: ${z.prettifyError(parsed.error)}`,
    );
  }
  const manifest = parsed.data;
  if (!KNOWN_VERSIONS.includes(manifest.schema_version)) {
    throw new CliError(
      "unreadable_source",
      `${file}: bundle schema version ${manifest.schema_version}; this reader knows ${KNOWN_VERSIONS.join(" and ")}`,
    );
  }
  return {
    schemaVersion: manifest.schema_version,
    traceId: manifest.trace_id,
    rolloutId: manifest.rollout_id,
    rootThreadId: manifest.root_thread_id,
    eventLog: manifest.raw_event_log,
    payloadFolder: manifest.payloads_dir,
  };
}

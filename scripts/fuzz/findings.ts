/** Findings as files, which a test replays for ever after. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonValue } from "@rollout-trace/protocol";
import type { Finding } from "./fuzz.ts";

export const FINDINGS_FOLDER: string = join(import.meta.dirname, "..", "..", "fixtures", "fuzz");

export interface KeptFinding {
  readonly file: string;
  readonly target: string;
  readonly input: JsonValue;
}

/** Writes the finding and gives its path. The message is left out: it has paths of the machine, and is to be no more. */
export function keepFinding(finding: Finding, folder: string = FINDINGS_FOLDER): string {
  const { target, seed, path, input } = finding;
  const text = JSON.stringify(input);
  const name = `${target}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}.json`;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, `${JSON.stringify({ target, seed, path, input }, null, 2)}\n`);
  return file;
}

export function keptFindings(folder: string = FINDINGS_FOLDER): readonly KeptFinding[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return files.toSorted().map((file) => {
    const { target, input } = JSON.parse(readFileSync(join(folder, file), "utf8")) as KeptFinding;
    return { file, target, input };
  });
}

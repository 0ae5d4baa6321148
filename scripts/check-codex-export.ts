/**
 * Whether the original reducer takes what this project exports. It is the program `codex` of the npm package `@openai/codex`,
 * which this project does not depend on: install it anywhere, once per bundle version, and name the executables.
 *
 *     CODEX_V1=…/codex CODEX_V2=…/codex npm run -s node -- scripts/check-codex-export.ts SOURCE…
 *
 * A SOURCE is a store (its latest rollout is taken) or a bundle. Of a bundle with a `state.json` the exported bundle's state
 * must be equal to it. Exit code 1 when a bundle is refused or a state differs, 2 when there is nothing to run or to export.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { exportCodexBundle, openSource } from "@rollout-trace/cli";

const programs = { 1: process.env["CODEX_V1"], 2: process.env["CODEX_V2"] } as const;

/** What went wrong, or null. `skipped` begins what could not be tried or is not the export's fault. */
function check(path: string, folder: string): string | null {
  using source = openSource(path, { rollout: "latest" });
  const bundle = join(folder, basename(path));
  const { version } = exportCodexBundle(source.rollout, bundle);
  const program = programs[version];
  if (program === undefined)
    return `skipped: a bundle of version ${version}, and CODEX_V${version} is not set`;
  const refusal = reduceWith(program, bundle, join(bundle, "state.json"));
  if (refusal !== null) {
    const isTheSources =
      source.format === "codex-bundle" && reduceWith(program, path, join(folder, "source.json")) === refusal;
    return `${isTheSources ? "skipped: the source is refused too" : "refused"}: ${refusal}`;
  }
  const expected = join(path, "state.json");
  if (!existsSync(expected)) return null;
  const isSame = isDeepStrictEqual(stateOf(expected), stateOf(join(bundle, "state.json")));
  return isSame ? null : `reduced to another state than ${expected}`;
}

/** The first line of what the program says, or null when it takes the bundle. */
function reduceWith(program: string, bundle: string, output: string): string | null {
  const ran = spawnSync(program, ["debug", "trace-reduce", bundle, "--output", output], { encoding: "utf8" });
  return ran.status === 0 ? null : ((ran.error?.message ?? ran.stderr).split("\n")[0] ?? "");
}

/**
 * The state without the list of payload files, of which an export may add some, and without the start, which is the manifest's
 * own and may be a moment before the first event.
 */
function stateOf(file: string): object {
  const {
    raw_payloads: _files,
    started_at_unix_ms: _start,
    ...state
  } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  return state;
}

const sources = process.argv.slice(2);
if (sources.length === 0 || (programs[1] === undefined && programs[2] === undefined)) {
  console.error("name the sources, and an executable in CODEX_V1 or CODEX_V2");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "codex-export-"));
let failed = 0;
try {
  for (const path of sources) {
    const problem = check(path, folder);
    if (problem !== null && !problem.startsWith("skipped")) failed += 1;
    console.log(`${problem === null ? "ok" : problem}\t${path}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

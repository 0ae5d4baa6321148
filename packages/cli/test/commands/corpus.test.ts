/**
 * The commands on every real recording, as a new user would try them: nothing of what a recording holds may overrun or steer
 * a terminal, and no command may fail, or take long, because of what it reads.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { detectFormat } from "@rollout-trace/cli";
import { CORPUS, CORPUS_MISSING } from "../../../../test/corpus/corpus.ts";
import { run } from "./run.ts";

/** Bytes: larger recordings are read by the tests of their formats, and each of these by several commands. */
const LARGEST = 300_000;

/** Bundles, and files that are session logs on their own. */
function sources(): readonly string[] {
  if (CORPUS_MISSING !== null) return [];
  return readdirSync(CORPUS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.jsonl?$/.test(entry.name))
    .map((entry) => (entry.name === "manifest.json" ? entry.parentPath : join(entry.parentPath, entry.name)))
    .filter((path) => statSync(path).isDirectory() || statSync(path).size <= LARGEST)
    .filter(isSource)
    .map((path) => relative(CORPUS, path))
    .toSorted();
}

function isSource(path: string): boolean {
  try {
    detectFormat(path);
    return true;
  } catch {
    return false;
  }
}

/** Control characters, and marks that reorder or hide text; the joiner of pictures may stay. */
// oxlint-disable-next-line no-control-regex -- these are the characters that must not reach a terminal
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

const COMMANDS: readonly (readonly [line: string, codes: readonly number[]])[] = [
  ["show SOURCE --rollout latest", [0]],
  ["show SOURCE --rollout latest --files", [0]],
  ["verify SOURCE --rollout latest", [0, 1]],
  ["explain SOURCE turn 1 of /root --rollout latest", [0, 2]],
  ["why SOURCE turn 1 of /root --rollout latest", [0, 1, 2]],
];

const SOURCES = sources();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "corpus-commands-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(CORPUS_MISSING !== null)(`the commands on real recordings ${CORPUS_MISSING ?? ""}`, () => {
  it("find many of them", () => {
    expect(SOURCES.length).toBeGreaterThan(20);
  });

  it.each(SOURCES.map((source, number) => [source, number] as const))(
    "print %s on a terminal, and fail at nothing in it",
    async (source, number) => {
      const path = join(CORPUS, source);
      for (const [index, [line, codes]] of COMMANDS.entries()) {
        const args = line.split(" ").map((word) => (word === "SOURCE" ? path : word));
        // Each command meets half of the recordings on a narrow terminal, and half on a wide one.
        const columns = (number + index) % 2 === 0 ? 40 : 200;
        const { code, out, err } = await run(args, columns);
        expect({
          line,
          columns,
          code: codes.includes(code) ? codes : code,
          wide: out.split("\n").filter((each) => stringWidth(each) > columns),
          steering: `${out}${err}`.split("\n").filter((each) => STEERING.test(each)),
        }).toEqual({ line, columns, code: codes, wide: [], steering: [] });
      }
    },
  );

  it.each(SOURCES.filter((_source, index) => index % 7 === 0))(
    "make a fixture of %s that reduces to the same graph",
    async (source) => {
      const output = mkdtempSync(join(folder, "cut-"));
      const { code, err } = await run(
        ["fixture", join(CORPUS, source), "--rollout", "latest", "-o", output],
        null,
      );
      expect({ code, err }).toEqual({ code: 0, err: "" });
    },
  );
});

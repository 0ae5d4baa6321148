/**
 * Published ways out of JavaScript sandboxes, and ways to use up their hosts: each fails in process and behind the process
 * boundary, and, so that none passes because nobody would notice, succeeds where it is run in a context that leaks.
 *
 * `npm run sandbox` runs all of it; the plain tests leave out what only takes longer.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DENIALS } from "./denials/denials.ts";
import { ESCAPES } from "./escapes/escapes.ts";
import { MARKER_VARIABLE, SECRET_VARIABLE } from "./kit.ts";
import { loopFate, verdicts } from "./programs.ts";
import type { DenialVerdict } from "./run-denials.ts";
import type { EscapeVerdict } from "./run-escapes.ts";

const FULL = process.env["SANDBOX"] === "full";
const TIMEOUT_MS = 280_000;
/** A host that is harmed stands still for as long as the script runs; one that is not may have to wait for a busy machine. */
const LONGEST_TURN_MS = 5_000;
const SILENCE_MS = 1_500;
/** What collectors and pools have not let go of yet. */
const HELD_NOISE_BYTES = 64 * 1024 * 1024;
const SERVED = ["[2,3]", "undefined", "[2,3]", "undefined"];
const MIB = 1024 * 1024;

const CONTAINED = DENIALS.filter(({ onlyBehindBoundary }) => onlyBehindBoundary !== true);
const UNCONTAINED = DENIALS.filter(({ onlyBehindBoundary }) => onlyBehindBoundary === true);
/** A crash, an isolate that V8 gives up on, and a thread that does not stop. */
const UNCONTAINED_SAMPLE = [
  "an array that V8 calls invalid",
  "growing a map without end",
  "filling a huge array",
];
/** What an endless script does to a loop is the same each time; these are one of each kind. */
const LOOP_SAMPLE = ["looping in a reaction", "objects without end", "printing nothing without end"];

const folder = mkdtempSync(join(tmpdir(), "sandbox-"));
beforeAll(() => {
  process.env[SECRET_VARIABLE] = randomBytes(16).toString("hex");
  process.env[MARKER_VARIABLE] = join(folder, "marker");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the catalogue", () => {
  it("names each technique once, with a source", () => {
    const all = [...ESCAPES, ...DENIALS];
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { sources } of all) {
      expect(sources.length).toBeGreaterThan(0);
      for (const source of sources) expect(source).toMatch(/^https:\/\/\S+$/);
    }
  });
});

describe.each([
  ["in process", "in-process"],
  ["behind the process boundary", "child"],
])("%s, a script cannot get out by", (_, target) => {
  let found: ReadonlyMap<string, EscapeVerdict>;
  beforeAll(async () => {
    ({ byName: found } = await verdicts<EscapeVerdict>("run-escapes.ts", [target], TIMEOUT_MS));
  }, TIMEOUT_MS);

  it.each(ESCAPES)("$name", ({ name }) => {
    expect(found.get(name)).toEqual({ name, breaches: [], next: SERVED });
  });
});

describe("in a context that leaks, a script gets out by", () => {
  let found: ReadonlyMap<string, EscapeVerdict>;
  beforeAll(async () => {
    ({ byName: found } = await verdicts<EscapeVerdict>("run-escapes.ts", ["leaky"], TIMEOUT_MS));
  }, TIMEOUT_MS);

  it.each(ESCAPES)("$name, and the oracles notice it", ({ name }) => {
    expect(found.get(name)?.breaches ?? []).not.toEqual([]);
  });
});

// Both run the same isolates; what is different behind the boundary is the host that must not be harmed.
describe.each([
  ...(FULL ? [["in process", "in-process"] as const] : []),
  ["behind the process boundary", "child"] as const,
])("%s, a script does not harm its host by", (_, target) => {
  let found: ReadonlyMap<string, DenialVerdict>;
  beforeAll(async () => {
    ({ byName: found } = await verdicts<DenialVerdict>("run-denials.ts", [target, "contained"], TIMEOUT_MS));
  }, TIMEOUT_MS);

  it.each(CONTAINED)("$name", ({ name, ends }) => {
    const verdict = found.get(name);
    expect(verdict).toMatchObject({ name, next: "served", lost: [] });
    expect(verdict?.ended).toMatch(ends ?? /^$/);
    expect(verdict?.longestTurnMs).toBeLessThan(LONGEST_TURN_MS);
  });

  it("all of them together, whose memory is given back", () => {
    expect(found.size).toBe(CONTAINED.length);
    let held = 0;
    for (const { heldGrownBytes } of found.values()) held += heldGrownBytes;
    expect(held).toBeLessThan(HELD_NOISE_BYTES);
  });
});

describe("behind the process boundary, a script does not harm its host even by", () => {
  const tried = UNCONTAINED.filter(({ name }) => FULL || UNCONTAINED_SAMPLE.includes(name));
  it.each(tried)("$name", { timeout: TIMEOUT_MS }, async ({ name }) => {
    const { byName } = await verdicts<DenialVerdict>("run-denials.ts", ["child", name], TIMEOUT_MS);
    const verdict = byName.get(name);
    expect(verdict).toMatchObject({ name, next: "served" });
    expect(verdict?.longestTurnMs).toBeLessThan(LONGEST_TURN_MS);
    expect(verdict?.peakBytes).toBeLessThan(512 * MIB);
  });
});

/** `docs/code-mode.md` lists them; `limits/uncontained.test.ts` shows the others. */
describe("in a process that may be thrown away, a script does harm it by", () => {
  it("an array that V8 calls invalid: the process dies", { timeout: TIMEOUT_MS }, async () => {
    const name = "an array that V8 calls invalid";
    const { byName, signal } = await verdicts<DenialVerdict>(
      "run-denials.ts",
      ["in-process", name],
      TIMEOUT_MS,
    );
    expect([byName.size, signal]).toEqual([0, expect.stringMatching(/^SIG(TRAP|ABRT|ILL)$/)]);
  });

  it("formatters without end: memory grows past its limit", { timeout: TIMEOUT_MS }, async () => {
    const name = "formatters without end";
    const { byName } = await verdicts<DenialVerdict>("run-denials.ts", ["in-process", name], TIMEOUT_MS);
    expect(byName.get(name)).toMatchObject({ name, next: "served" });
    // A process that has done nothing has about 110 MiB.
    expect(byName.get(name)?.peakBytes).toBeGreaterThan(170 * MIB);
  });
});

describe("in a context that leaks, the host's loop does not survive", () => {
  const endless = CONTAINED.filter(
    ({ ends, sparesLoop = false }) =>
      !sparesLoop && /CPU time|memory limit|passed the/.test(ends?.source ?? ""),
  );
  it.each(endless.filter(({ name }) => FULL || LOOP_SAMPLE.includes(name)))(
    "$name",
    { timeout: TIMEOUT_MS },
    async ({ name }) => {
      expect(await loopFate(name, SILENCE_MS)).toMatch(/stood still|died/);
    },
  );
});

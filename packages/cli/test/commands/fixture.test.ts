import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reduceRollout } from "@rollout-trace/reducer";
import {
  compareGraphs,
  fixtureSource,
  MAX_STEP,
  playRollout,
  type StableGraph,
  stableGraph,
} from "@rollout-trace/reducer/testing";
import "@rollout-trace/reducer/testing/vitest";
import { openTraceStore } from "@rollout-trace/trace";
import { cutFixture } from "../../src/fixture/cut-fixture.ts";
import { run } from "./run.ts";
import { smallStore } from "./small-store.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fixture-"));
  smallStore(join(folder, "session.db"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function cut(name: string, source = "session.db", ...more: string[]): Promise<string> {
  const output = join(folder, name);
  const args = ["fixture", join(folder, source), "--rollout", "weather", "-o", output, ...more];
  expect(await run(args)).toMatchObject({ code: 0, err: "" });
  return output;
}

function read(path: string, file: string): unknown {
  return JSON.parse(readFileSync(join(path, file), "utf8"));
}

/** Runs the tests that fixtures bring along, as whoever checked them in does. Gives what the runner prints. */
function runTheirTests(root: string): Promise<string> {
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, "package.json"), '{"type": "module"}');
  writeFileSync(join(root, "vitest.config.mjs"), CONFIG);
  const args = ["--conditions=rollout-trace-source", join(ROOT, "node_modules/vitest/vitest.mjs"), "run"];
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "", VITEST: "" };
  const { promise, resolve: done } = Promise.withResolvers<string>();
  execFile(process.execPath, args, { cwd: root, env }, (_error, stdout, stderr) => {
    done(stdout + stderr);
  });
  return promise;
}

describe("fixture", () => {
  it("writes a recording, its graph and a test, which the matcher takes", async () => {
    const path = await cut("weather");
    expect(readdirSync(path).toSorted()).toEqual(["graph.json", "recording.json", "rollout.test.ts"]);
    expect(fixtureSource(read(path, "recording.json"))).toReduceTo(read(path, "graph.json") as StableGraph);
  });

  it("brings the test that docs/cli.md shows", async () => {
    const docs = readFileSync(join(ROOT, "docs/cli.md"), "utf8");
    expect(docs).toContain(
      `\`\`\`ts\n${readFileSync(join(await cut("weather"), "rollout.test.ts"), "utf8")}\`\`\``,
    );
  });

  it("brings a test that passes as it is, and that names what a changed reducer makes different", async () => {
    await cut("checked-in/same");
    const changed = await cut("checked-in/changed");
    // As if the reducer had given another result than the one that is kept.
    const graph = readFileSync(join(changed, "graph.json"), "utf8");
    writeFileSync(join(changed, "graph.json"), graph.replace('"status": "completed"', '"status": "failed"'));
    const output = await runTheirTests(join(folder, "checked-in"));
    expect(output).toMatch(/Tests +1 failed \| 1 passed/);
    expect(output).toMatch(
      /FAIL +changed\/rollout\.test\.ts > changed reduces to the graph that it reduced to when/,
    );
    expect(output).toMatch(
      /reduces to another graph, with 1 difference:\s+~ .*status: "completed" instead of "failed"/,
    );
  }, 120_000);

  it("is the same for two recordings of the same session, ids and all", async () => {
    smallStore(join(folder, "again.db"));
    const [first, second] = [await cut("first"), await cut("second", "again.db")];
    for (const file of ["recording.json", "graph.json"]) {
      expect(read(second, file)).toEqual(read(first, file));
    }
    const text = readFileSync(join(first, "recording.json"), "utf8");
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7|17500000000/);
  });

  it("has no secret in it, and stands for each by a number", async () => {
    const key = `sk-${"proj"}-${"Ab1".repeat(16)}`;
    const store = openTraceStore({ path: join(folder, "secret.db"), redact: false });
    const root = store.startRollout({ rolloutId: "weather" });
    const turn = root.startTurn();
    const input = [{ type: "message", role: "user", content: [{ type: "input_text", text: `Use ${key}` }] }];
    turn
      .startInference({ model: "m", provider: "p", dialect: "openai_responses", request: () => ({ input }) })
      .failed({ error: `no access with ${key}` });
    const call = turn.startToolCall({ kind: { type: "other", name: "log_in" }, label: "log_in" });
    call.ended({ result: () => ({ type: "code_mode", value: { badge: "the secret of the house", key } }) });
    root.endRollout();
    store.close();
    const paths = [
      await cut("secret-1", "secret.db", "--secret-field", "badge"),
      await cut("secret-2", "secret.db", "--secret-field", "badge"),
    ];
    const [text, again] = paths.map((path) => readFileSync(join(path, "recording.json"), "utf8"));
    expect(text).not.toContain(key);
    expect(text).not.toContain("the secret of the house");
    expect(new Set(text?.match(/\[redacted:\w+:0000000\d\]/g)).size).toBe(2);
    expect(again).toBe(text);
  });

  it("takes names of secret fields before the source, with commas or one by one, and leaves the source alone", async () => {
    const path = join(folder, "fields.db");
    const store = openTraceStore({ path, redact: false });
    const turn = store.startRollout({ rolloutId: "fields" }).startTurn();
    const value = { badge: "the first secret", pass: "the second secret", code: "the third secret" };
    const call = turn.startToolCall({ kind: { type: "other", name: "log_in" }, label: "log_in" });
    call.ended({ result: () => ({ type: "code_mode", value }) });
    store.close();
    const output = join(folder, "fields");
    const args = ["--secret-field", "badge,pass", "--secret-field", "code", path, "-o", output];
    expect(await run(["fixture", ...args])).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(join(output, "recording.json"), "utf8")).not.toMatch(/the \w+ secret/);
  });

  it("leaves nothing out that the graph is made of, in any rollout", () => {
    const check = (steps: readonly number[]): void => {
      const source = playRollout(steps).source();
      const { fixture, left, renamed } = cutFixture(source, { redact: (json) => json });
      // The last is an id as the host's own span has it, which a fixture renames like any other.
      const ignore = ["preview", "input_preview", "output_preview", "rollout_trace.tool_call_id"];
      const options = { ignore };
      const expected = stableGraph(reduceRollout(source), { ...options, text: renamed });
      const copied = JSON.parse(JSON.stringify(fixture)) as unknown;
      const actual = stableGraph(reduceRollout(fixtureSource(copied)), options);
      expect({ left, differences: compareGraphs(expected, actual) }).toEqual({ left: [], differences: [] });
    };
    fc.assert(fc.property(fc.array(fc.nat(MAX_STEP), { minLength: 1, maxLength: 40 }), check), {
      numRuns: 60,
    });
  });

  it("keeps what requests repeat once: three times the turns are not nine times the bytes", () => {
    const sizeOf = (turns: number): number => {
      const store = openTraceStore({ path: join(folder, `${turns}.db`) });
      const turn = store.startRollout({ rolloutId: "weather" }).startTurn();
      const input: object[] = [];
      for (let number = 0; number < turns; number += 1) {
        input.push({ type: "message", role: "user", content: `message ${number} `.repeat(20) });
        const request = { model: "m", provider: "p", dialect: "openai_responses" } as const;
        turn.startInference({ ...request, request: () => ({ input: [...input] }) });
      }
      const { fixture } = cutFixture(store.openRollout("weather"), { redact: (json) => json });
      store.close();
      return JSON.stringify(fixture).length;
    };
    expect(sizeOf(180) / sizeOf(60)).toBeLessThan(4);
  });

  it("replaces a fixture, keeps its test as it was edited, and touches no other folder", async () => {
    const path = await cut("replaced");
    writeFileSync(join(path, "rollout.test.ts"), "// edited");
    writeFileSync(join(path, "recording.json"), "{}");
    await cut("replaced");
    expect(read(path, "recording.json")).toMatchObject({ rollout_fixture_version: 1 });
    expect(readFileSync(join(path, "rollout.test.ts"), "utf8")).toBe("// edited");
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "other", "notes.txt"), "mine");
    const refused = await run([
      "fixture",
      join(folder, "session.db"),
      "--rollout",
      "weather",
      "-o",
      join(folder, "other"),
    ]);
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("holds other files") });
    expect(readdirSync(join(folder, "other"))).toEqual(["notes.txt"]);
  });
});

const CONFIG = `export default {
  resolve: { conditions: ["rollout-trace-source"] },
  ssr: { resolve: { conditions: ["rollout-trace-source"], externalConditions: ["rollout-trace-source"] } },
};
`;

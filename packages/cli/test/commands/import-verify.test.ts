import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parentLog } from "../sources/codex-log/agent-logs.ts";
import { run } from "./run.ts";
import { smallBundle } from "./small-bundle.ts";

let folder: string;
let db: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "import-verify-"));
  db = join(folder, "all.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Imported {
  readonly rollouts: readonly {
    readonly rollout_id: string;
    readonly outcome: string;
    readonly checked?: { readonly digest: string; readonly ok: boolean; readonly events: number };
  }[];
}

/** A bundle whose log has lost a line. */
function unsound(): string {
  const bundle = smallBundle(folder);
  const log = join(bundle, "trace.jsonl");
  const lines = readFileSync(log, "utf8").split("\n");
  writeFileSync(log, lines.filter((line) => !line.includes('"thread_started"')).join("\n"));
  return bundle;
}

describe("import --verify", () => {
  it("checks what it has imported as verify does, digest and all, also what was there already", async () => {
    const bundle = smallBundle(folder);
    const first = await run(["import", bundle, "--store", db, "--verify", "--json"]);
    const again = await run(["import", bundle, "--store", db, "--verify"]);
    const verified = JSON.parse((await run(["verify", db, "--json"])).out) as {
      readonly rollouts: readonly [{ readonly digest: string }];
    };

    const [{ digest }] = verified.rollouts;
    const { rollouts } = JSON.parse(first.out) as Imported;
    expect(first.code).toBe(0);
    expect(rollouts).toMatchObject([{ outcome: "new", checked: { digest, ok: true, events: 13 } }]);
    expect(again).toEqual({
      code: 0,
      out: `ok  thread-root  13 events, 5 payloads\n  digest ${digest}\n0 rollouts imported, 1 unchanged\n`,
      err: "",
    });
  });

  it("imports a recording whose graph cannot be relied on, and says what is wrong with it", async () => {
    const { code, out } = await run([
      "import",
      unsound(),
      parentLog().write(folder),
      "--store",
      db,
      "--verify",
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(/^damaged {2}thread-root /m);
    expect(out).toMatch(/✗ strict reduction: 1 problem\n +sequence_gap at seq 3: /);
    expect(out).toMatch(/^ok {2}/m);
    expect(out).toMatch(/\n2 rollouts imported\n$/);
  });

  it("checks nothing unless it is told to", async () => {
    const { code, out } = await run(["import", unsound(), "--store", db, "--json"]);
    const { rollouts } = JSON.parse(out) as Imported;
    expect({ code, checked: rollouts.map(({ checked }) => checked) }).toEqual({
      code: 0,
      checked: [undefined],
    });
  });
});

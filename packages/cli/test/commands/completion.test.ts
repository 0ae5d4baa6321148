import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./run.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "completion-"));
  for (const shell of ["bash", "zsh", "fish"]) {
    writeFileSync(join(folder, shell), (await run(["completion", shell])).out);
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What bash offers after these words; the last one is being typed. */
function offered(words: readonly string[]): readonly string[] {
  const line = `source "$1"; shift; COMP_WORDS=(rollout-trace "$@"); COMP_CWORD=$#
    _rollout_trace; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ["--norc", "-c", line, "bash", join(folder, "bash"), ...words];
  const { status, stdout, stderr } = spawnSync("bash", args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion in bash", () => {
  it.each([
    [["exp"], ["export", "explain"]],
    [["show", "--de"], ["--depth"]],
    [["show", "s.db", "--rollout", ""], ["latest"]],
    [["list", "s.db", "--status", "co"], ["completed"]],
    [
      ["diff", "a", "b", "--ignore", "t"],
      ["times", "times,ids"],
    ],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["help", "pru"], ["prune"]],
    // A file: what the shell finds, as it was told when the function was registered.
    [["show", "s"], []],
    [["fixture", "s.db", "-o", ""], []],
    [["nonsense", "--"], []],
  ])("offers after %j what can stand there", (words, expected) => {
    expect(offered(words)).toEqual(expected);
  });

  it("offers every command and every option that the help lists", async () => {
    const { out } = await run(["--help"]);
    const listed = [...out.matchAll(/^ {2}([a-z]+) (?:\[options\] )?[<[]/gm)].map(([, name = ""]) => name);
    expect(listed.length).toBeGreaterThan(12);
    expect(
      offered([""])
        .filter((word) => !word.startsWith("-"))
        .toSorted(),
    ).toEqual(listed.toSorted());
    for (const name of listed.filter((each) => each !== "help")) {
      const { out: help } = await run([name, "--help"]);
      const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
      expect(offered([name, "--"])).toEqual(options);
    }
  });

  it("is registered for the command, and leaves files to the shell", () => {
    const { stdout } = spawnSync("bash", ["--norc", "-c", `source "${join(folder, "bash")}"; complete -p`], {
      encoding: "utf8",
    });
    expect(stdout).toBe("complete -o default -F _rollout_trace rollout-trace\n");
  });
});

describe("the other scripts", () => {
  it.each([
    ["zsh", ["-n"]],
    ["fish", ["--no-execute"]],
  ])("of %s can be read by it", (shell, args) => {
    const { status, stderr, error } = spawnSync(shell, [...args, join(folder, shell)], { encoding: "utf8" });
    const isMissing = error !== undefined && "code" in error && error.code === "ENOENT";
    if (isMissing) console.log(`skipped: there is no ${shell} here`);
    expect(isMissing ? { status: 0, stderr: "" } : { status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

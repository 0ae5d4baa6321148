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

describe.skipIf(isMissing("bash"))(`completion in bash${without("bash")}`, () => {
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

/** Presses Tab in a zsh on a terminal of its own after each line, and prints what then stands there, or what there is to choose. */
const PRESS_TAB = `
  zmodload zsh/zpty
  script=$1; shift
  zpty shell zsh -f -i
  zpty -w shell "PS1= PS2= RPS1=; unsetopt beep prompt_sp; autoload -Uz compinit && compinit -D -u; source \${(q)script}"
  zpty -w shell 'show-line() { print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N show-line; bindkey "^X" show-line; print rea""dy'
  zpty -r shell out '*ready*'
  for line in "$@"; do
    zpty -w -n shell "$line"$'\\t\\x18'
    zpty -r shell out '*<<*>>*'
    print -r -- "$out" "<<end>>"
  done
  zpty -d shell`;

describe.skipIf(isMissing("zsh"))(`completion in zsh${without("zsh")}`, () => {
  it("puts in what can only be one word, and lists what can be several", () => {
    const lines = [
      ["show --de", "show --depth "],
      ["list s.db --status co", "list s.db --status completed "],
      ["show s.db --rollout ", "show s.db --rollout latest "],
      ["diff a b --ig", "diff a b --ignore "],
      ["completion ba", "completion bash "],
      ["help pru", "help prune "],
      ["fixture s.db -o zs", "fixture s.db -o zsh "],
      ["exp", "exp"],
    ] as const;
    const { status, stdout, stderr } = spawnSync(
      "zsh",
      [
        "-f",
        "-c",
        PRESS_TAB,
        "zsh",
        join(folder, "zsh"),
        ...lines.map(([typed]) => `rollout-trace ${typed}`),
      ],
      { encoding: "utf8", cwd: folder },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const shown = stdout.split("<<end>>");
    expect(lines.map((_, index) => /<<(.*)>>/.exec(shown[index] ?? "")?.[1])).toEqual(
      lines.map(([, becomes]) => `rollout-trace ${becomes}`),
    );
    expect(shown[lines.length - 1]).toMatch(/explain +-- why[^]*export +-- write/);
  }, 60_000);
});

describe.skipIf(isMissing("fish"))(`completion in fish${without("fish")}`, () => {
  /** What fish offers, without what it says of it. */
  function offeredByFish(typed: string): readonly string[] {
    const args = [
      "--no-config",
      "-c",
      'source $argv[1]; complete -C "$argv[2]"',
      join(folder, "fish"),
      typed,
    ];
    const { status, stdout, stderr } = spawnSync("fish", args, { encoding: "utf8", cwd: folder });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t")[0] ?? "");
  }

  it.each([
    ["exp", ["explain", "export"]],
    ["show --de", ["--depth"]],
    ["show s.db --rollout ", ["latest"]],
    ["list s.db --status co", ["completed"]],
    ["diff a b --ignore t", ["times", "times,ids"]],
    ["completion ", ["bash", "fish", "zsh"]],
    ["help pru", ["prune"]],
    ["show zs", ["zsh"]],
    ["fixture s.db -o ba", ["bash"]],
  ])("offers after `rollout-trace %s` what can stand there", (typed, expected) => {
    expect(offeredByFish(`rollout-trace ${typed}`)).toEqual(expected);
  });
});

function isMissing(shell: string): boolean {
  return spawnSync(shell, ["--version"]).error !== undefined;
}

/** For the name of a test that is left out. */
function without(shell: string): string {
  return isMissing(shell) ? ` (skipped: there is no ${shell} here)` : "";
}

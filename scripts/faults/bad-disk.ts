/** A disk that is slow or fails: a library that is put between the host and its operating system. Needs a C compiler. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SeededRandom } from "../seeded-random.ts";

const SOURCE = join(import.meta.dirname, "disk.c");

/** The compiled library, or why there is none. */
let compiled: { readonly library: string } | { readonly missing: string } | undefined;

function compile(): { readonly library: string } | { readonly missing: string } {
  if (process.platform !== "linux") return { missing: "needs Linux" };
  const folder = mkdtempSync(join(tmpdir(), "bad-disk-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, "disk.so");
  try {
    execFileSync("cc", ["-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], { stdio: "ignore" });
  } catch {
    return { missing: "no C compiler" };
  }
  return { library };
}

export function missingBadDisk(): string | null {
  compiled ??= compile();
  return "missing" in compiled ? compiled.missing : null;
}

/** The environment of a host whose files in `folder` are on such a disk while `whileFile` exists. Shares are in 1/1000. */
export function onBadDisk(
  folder: string,
  whileFile: string,
  { slow, fail, random }: { readonly slow: number; readonly fail: number; readonly random: SeededRandom },
): NodeJS.ProcessEnv {
  compiled ??= compile();
  if ("missing" in compiled) throw new Error(compiled.missing);
  return {
    LD_PRELOAD: compiled.library,
    FAULTY_PATH: folder,
    FAULTY_WHILE: whileFile,
    FAULTY_SLOW: `${slow}`,
    FAULTY_FAIL: `${fail}`,
    FAULTY_SEED: `${random.integer(1, 1_000_000)}`,
  };
}

/** Makes the disk bad; the relief makes it good again. */
export function spoil(whileFile: string): () => void {
  writeFileSync(whileFile, "");
  return () => {
    if (existsSync(whileFile)) rmSync(whileFile);
  };
}

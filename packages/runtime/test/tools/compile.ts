/** Compiles texts with the TypeScript compiler, as a child process: many texts, one run. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  target: "es2024",
  lib: ["es2024"],
  types: [],
  module: "esnext",
  moduleDetection: "force",
};

/** The compiler's complaints about each text, by its position; texts that compile have none. */
export async function compileAll(texts: readonly string[]): Promise<ReadonlyMap<number, string>> {
  const directory = await mkdtemp(join(tmpdir(), "declarations-"));
  try {
    await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: OPTIONS }));
    await Promise.all(texts.map((text, position) => writeFile(join(directory, `t${position}.ts`), text)));
    return complaints(await runCompiler(directory), texts);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function runCompiler(directory: string): Promise<string> {
  const packageFile = createRequire(import.meta.url).resolve("typescript/package.json");
  const compiler = join(dirname(packageFile), "bin", "tsc");
  return new Promise((resolve, reject) => {
    const args = [compiler, "--pretty", "false", "-p", directory];
    execFile(
      process.execPath,
      args,
      { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
      (error, output, stderr) => {
        // 1 and 2: the compiler ran and complained. Anything else did not compile anything.
        const ran = error === null || error.code === 1 || error.code === 2;
        if (ran && stderr === "") resolve(output);
        else reject(new Error(`tsc failed: ${stderr || output}`, { cause: error }));
      },
    );
  });
}

function complaints(output: string, texts: readonly string[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const line of output.split("\n").filter((text) => text.trim() !== "" && !text.startsWith(" "))) {
    const position = /^t(\d+)\.ts\((\d+),\d+\): error/.exec(line);
    if (position === null) throw new Error(`tsc complained about no text: ${line}`);
    const at = Number(position[1]);
    const source = texts[at]?.split("\n")[Number(position[2]) - 1] ?? "";
    found.set(at, `${found.get(at) ?? ""}${line}\n  ${source.slice(0, 200)}\n`);
  }
  return found;
}

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

/** Prints every module that importing `entry` loads, and every shared object of the process. */
async function loadedBy(entry: string): Promise<{ modules: string[]; objects: string[] }> {
  const script = `
    import { registerHooks } from "node:module";
    const modules = [];
    registerHooks({ load: (url, context, next) => { modules.push(url); return next(url, context); } });
    await import(${JSON.stringify(new URL(entry, import.meta.url).href)});
    console.log(JSON.stringify({ modules, objects: process.report.getReport().sharedObjects }));
  `;
  const args = ["--conditions=rollout-trace-source", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as { modules: string[]; objects: string[] };
}

function ofIsolates({ modules, objects }: { modules: string[]; objects: string[] }): string[] {
  return [...modules, ...objects].filter((path) => /isolated.vm|\/src\/isolate\//.test(path));
}

describe("importing the process provider", () => {
  it("loads no isolated-vm", async () => {
    const loaded = await loadedBy("../../src/remote/index.ts");
    expect(loaded.modules).toContain(new URL("../../src/remote/process-provider.ts", import.meta.url).href);
    expect(ofIsolates(loaded)).toEqual([]);
  });

  it("is what this test can tell apart from importing the runtime", async () => {
    const paths = ofIsolates(await loadedBy("../../src/index.ts"));
    expect(paths).toContain(new URL("../../src/isolate/isolate-box.ts", import.meta.url).href);
    expect(paths.filter((path) => path.endsWith(".node"))).not.toEqual([]);
  });
});

/** Parts of the language or the platform that reach further than a script should. */
import { advisory, cve, type Escape } from "../technique.ts";

/** Every way of asking whether a global is there. */
const LOOK = `const ways = [
  (name) => typeof globalThis[name] !== "undefined",
  (name) => (0, eval)("typeof " + name) !== "undefined",
  (name) => Function("return typeof " + name)() !== "undefined",
  (name) => Object.getPrototypeOf(function* () {}).constructor("yield typeof " + name)().next().value !== "undefined",
];
const look = (name) => { if (ways.some((way) => { try { return way(name) } catch { return false } })) breach("global " + name) };`;

export const FEATURES: readonly Escape[] = [
  {
    name: "import()",
    tries: "dynamic import is syntax, which nothing that replaces globals can take away",
    sources: [advisory("GHSA-rjf2-j2r6-q8gr"), advisory("GHSA-9c4h-3f7h-322r")],
    scripts: [
      `const wanted = ["node:fs", "fs", "rt", "cell", "./package.json", "data:text/javascript,export default 1"];
      for (const specifier of wanted) {
        for (const load of [() => import(specifier), () => (0, eval)("import('" + specifier + "')"), () => Function("return import('" + specifier + "')")()]) {
          try { const module = await load(); breach("module " + specifier); climb(module.default); climb(module) } catch (error) { climb(error) }
        }
      }`,
    ],
  },
  {
    name: "a static import",
    tries: "asks the host's loader before anything of the script has run",
    sources: [advisory("GHSA-rjf2-j2r6-q8gr")],
    scripts: [
      `import * as fs from "node:fs"; breach("module node:fs"); climb(fs.default);`,
      `import * as rt from "rt"; breach("module rt");`,
    ],
  },
  {
    name: "import.meta",
    tries: "says where the script's file is, or resolves and loads beside it",
    sources: [advisory("GHSA-9c4h-3f7h-322r")],
    scripts: [
      `for (const key of Reflect.ownKeys(import.meta)) { breach("import.meta." + String(key)); text(String(import.meta[key])); climb(import.meta[key]) }`,
    ],
  },
  {
    name: "WebAssembly",
    tries: "its exceptions and promises are made by the engine and pass by whatever guards the language's",
    sources: [advisory("GHSA-ffh4-j6h5-pg66"), advisory("GHSA-6j2x-vhqr-qr7q")],
    scripts: [`${LOOK} look("WebAssembly");`],
  },
  {
    name: "shared memory as a clock",
    tries:
      "a counter in shared memory is fine enough to time the processor's caches, and waiting on it blocks a thread",
    sources: ["https://doi.org/10.1007/978-3-319-70972-7_13"],
    scripts: [`${LOOK} for (const name of ["SharedArrayBuffer", "Atomics"]) look(name);`],
  },
  {
    name: "globals of a host",
    tries: "looks for what Node, browsers and shells add to the language",
    sources: [cve("2026-47140"), cve("2026-1470")],
    scripts: [
      `${LOOK}
      const names = ["process", "require", "Buffer", "global", "fetch", "setInterval", "setImmediate", "queueMicrotask", "structuredClone", "performance",
        "console", "navigator", "Deno", "Bun", "__dirname", "gc", "d8", "print", "quit", "load_file", "ShadowRealm", "Worker", "MessageChannel", "importScripts"];
      for (const name of names) look(name);`,
    ],
  },
];

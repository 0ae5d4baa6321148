/**
 * A thread that runs one escape where it succeeds: in a `node:vm` context, whose helpers are plain functions of the host, which
 * hand over the host's objects, as embeddings have done. Posts what the oracle notices, so that a suite whose oracles are
 * blind cannot pass.
 */
import { inspect } from "node:util";
import vm from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { ESCAPES } from "./escapes/escapes.ts";
import { SECRET_VARIABLE, withKit } from "./kit.ts";
import { Oracle } from "./oracle.ts";

type Loose = Record<string, unknown>;

const escape = ESCAPES.find(({ name }) => name === workerData);
if (escape === undefined) throw new Error(`no escape ${String(workerData)}`);

const left: string[] = [];
/** Shared by all sessions, and with somebody else's values in it. */
const stored = new Map<string, unknown>([["secret", process.env[SECRET_VARIABLE]]]);
const print = (value: unknown): void => {
  left.push(typeof value === "object" ? `${JSON.stringify(value)} ${inspect(value)}` : `${value as string}`);
};
const tools = {
  echo: async (input: unknown) => {
    if (isThenable(input)) return await new Promise((resolve, reject) => input.then(resolve, reject));
    inspect(input);
    return merge({}, input);
  },
  fail: async ({ text }: { text: string }) => {
    throw new Error(text);
  },
};
const sandbox: Loose = {
  // Their source text has a secret, as configuration that was written into code has.
  text: compiled("text", "print(value)"),
  // In sloppy mode, and so to be found as the caller of what it calls.
  image: compiled("image", "print((value && value.image_url) || value.missing.url)"),
  notify: (value: unknown) => {
    print(value);
  },
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (timer: NodeJS.Timeout) => {
    clearTimeout(timer);
  },
  store: (key: string, value: { readonly toJSON?: unknown }) => {
    stored.set(key.toString(), JSON.stringify(value));
  },
  load: (key: string) => stored.get(key),
  yield_control: () => {},
  exit: () => {
    throw new Error("exit");
  },
  tools,
  ALL_TOOLS: [{ name: "echo" }],
  performance,
  console,
  _ivm: { Reference: class {} },
};
const oracle = new Oracle({ tools, echo: tools.echo, ...functionsOf(sandbox) });
const context = vm.createContext(sandbox);
for (const script of escape.scripts) {
  try {
    const module = new vm.SourceTextModule(withKit(script), {
      context,
      importModuleDynamically: async (specifier: string) => (await import(specifier)) as vm.Module,
      initializeImportMeta: (meta) => {
        meta.url = import.meta.url;
      },
    });
    await module.link(hostModule);
    await module.evaluate();
  } catch (error) {
    left.push(error instanceof Error ? (error.stack ?? "") : inspect(error));
  }
}
parentPort?.postMessage(oracle.breaches(left));

function compiled(name: string, body: string): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- this is what such hosts do
  const make = new Function(
    "print",
    `return function ${name}(value) { /* ${process.env[SECRET_VARIABLE]} */ ${body} }`,
  ) as (print: unknown) => unknown;
  return make(print);
}

function functionsOf(holder: Loose): Record<string, object> {
  return Object.fromEntries(
    Object.entries(holder).filter((entry): entry is [string, object] => typeof entry[1] === "function"),
  );
}

function isThenable(input: unknown): input is { then(resolve: unknown, reject: unknown): void } {
  return typeof input === "object" && input !== null && "then" in input;
}

/** As careless as the merging that made advisories, but not endless. */
function merge(target: Loose, source: unknown, depth = 0): Loose {
  if (typeof source !== "object" || source === null || depth > 4) return target;
  for (const key of Object.keys(source)) {
    const value = (source as Loose)[key];
    if (typeof value === "object" && value !== null) {
      target[key] ??= {};
      merge(target[key] as Loose, value, depth + 1);
    } else target[key] = value;
  }
  return target;
}

async function hostModule(specifier: string): Promise<vm.Module> {
  const namespace = (await import(specifier)) as Loose;
  const names = Object.keys(namespace);
  return new vm.SyntheticModule(
    names,
    function fill() {
      for (const name of names) this.setExport(name, namespace[name]);
    },
    { context },
  );
}

/**
 * The floor: the isolated-vm calls that a cell cannot do without, and nothing else. Fresh isolate, context, bootstrap that
 * posts through one callback, driver module; no limits, no journal, no timers, no errors, no lifecycle.
 */
import ivm from "isolated-vm";

const BOOTSTRAP = `
  const post = $0, parse = JSON.parse, stringify = JSON.stringify, open = new Map();
  let ids = 0;
  const tools = {};
  JSON.parse($1).forEach((name, tool) => {
    tools[name] = (input) => new Promise((resolve) => {
      ids += 1;
      open.set(ids, resolve);
      post("call", ids, tool, stringify(input));
    }).then(parse);
  });
  globalThis.tools = tools;
  globalThis.text = (value) => { post("text", String(value)); };
  globalThis.yield_control = () => { post("done"); };
  globalThis.__rt = () => { post("done"); };
  return (id, json) => {
    const resolve = open.get(id);
    open.delete(id);
    resolve(json);
  };
`;
const RT = "export const done = globalThis.__rt;\ndelete globalThis.__rt;";
const DRIVER = 'import { done } from "rt";\nimport "cell";\ndone();\nawait undefined;';

/** Answers a call at once, as the tools of these benchmarks do. */
export type BareTool = (input: unknown) => Promise<unknown>;

export class BareIsolate {
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #deliver: ivm.Reference<(id: number, json: string) => void>;
  readonly #rt: ivm.Module;
  readonly #driver: ivm.Module;
  readonly #done = Promise.withResolvers<readonly string[]>();
  readonly #texts: string[] = [];

  readonly #inTurns: boolean;
  /** The last delivery's turn; used when there is one at a time. */
  #turn: Promise<unknown>;

  /**
   * With `inTurns` an answer is delivered when the isolate has nothing left to run of the one before, which whoever wants to
   * know in which turn a script failed has to wait for; otherwise as soon as it is there.
   */
  constructor(toolNames: readonly string[], tool: BareTool, inTurns = true) {
    this.#inTurns = inTurns;
    this.#isolate = new ivm.Isolate({ memoryLimit: 128, onCatastrophicError: () => {} });
    this.#context = this.#isolate.createContextSync();
    const post = (kind: string, a: number | string, _tool: number, json: string): void => {
      if (kind === "call") void this.#answer(Number(a), tool, json);
      else if (kind === "text") this.#texts.push(String(a));
      else this.#done.resolve(this.#texts);
    };
    const bound = [new ivm.Callback(post, { ignored: true }), JSON.stringify(toolNames)];
    this.#deliver = this.#context.evalClosureSync(BOOTSTRAP, bound, { result: { reference: true } });
    this.#rt = this.#isolate.compileModuleSync(RT);
    this.#rt.instantiateSync(this.#context, () => this.#rt);
    this.#rt.evaluateSync();
    this.#driver = this.#isolate.compileModuleSync(DRIVER);
    this.#turn = Promise.resolve();
  }

  /** What the script printed. Once per isolate. */
  async run(source: string): Promise<readonly string[]> {
    const cell = this.#isolate.compileModuleSync(source, { filename: "cell.mjs" });
    this.#driver.instantiateSync(this.#context, (specifier) => (specifier === "rt" ? this.#rt : cell));
    // Rejects when the isolate is disposed right after its script is over.
    this.#turn = this.#driver.evaluate().catch(() => {});
    return await this.#done.promise;
  }

  dispose(): void {
    this.#isolate.dispose();
  }

  async #answer(id: number, tool: BareTool, json: string): Promise<void> {
    const value = await tool(JSON.parse(json));
    const deliver = () => this.#deliver.apply(undefined, [id, JSON.stringify(value)]);
    this.#turn = (this.#inTurns ? this.#turn.then(deliver) : deliver()).catch(() => {});
  }
}

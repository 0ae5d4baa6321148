/** Other packages of the registry that run scripts: a JavaScript engine in WebAssembly, and another code mode on isolated-vm. */
import { importPeer } from "./install-peers.ts";
import { check, echo, type Peer, sumOf } from "./peer.ts";

interface Handle {
  dispose(): void;
}
interface Deferred {
  readonly handle: Handle;
  readonly settled: Promise<void>;
  resolve(value: Handle): void;
}
interface QuickContext extends Handle {
  readonly runtime: { executePendingJobs(): unknown };
  readonly global: Handle;
  evalCode(code: string): unknown;
  unwrapResult(result: unknown): Handle;
  newFunction(name: string, call: (input: Handle) => Handle): Handle;
  newPromise(): Deferred;
  resolvePromise(promise: Handle): Promise<unknown>;
  setProp(object: Handle, key: string, value: Handle): void;
  dump(handle: Handle): unknown;
}
interface QuickModule {
  readonly getQuickJS: () => Promise<{ newContext(): QuickContext }>;
}

export async function quickJsPeer(): Promise<Peer> {
  const name = "quickjs-emscripten";
  const { getQuickJS } = await importPeer<QuickModule>("quickjs-emscripten");
  const quick = await getQuickJS();
  const run = async (source: string): Promise<unknown> => {
    const context = quick.newContext();
    const tool = context.newFunction("echo", (input) => {
      const deferred = context.newPromise();
      void echo(context.dump(input)).then((value) => {
        const answer = context.unwrapResult(context.evalCode(`(${JSON.stringify(value)})`));
        deferred.resolve(answer);
        answer.dispose();
        context.runtime.executePendingJobs();
      });
      return deferred.handle;
    });
    context.setProp(context.global, "echo", tool);
    tool.dispose();
    const promise = context.unwrapResult(context.evalCode(source));
    const resolved = context.resolvePromise(promise);
    promise.dispose();
    context.runtime.executePendingJobs();
    const result = context.unwrapResult(await resolved);
    const value = context.dump(result);
    result.dispose();
    context.dispose();
    return value;
  };
  return {
    name,
    trivial: async () => check(name, await run('(async () => "ok")()'), "ok"),
    calls: async (count) => {
      const source = `(async () => { let sum = 0; for (let n = 0; n < ${count}; n += 1) sum += (await echo({ n })).n; return sum; })()`;
      check(name, await run(source), sumOf(count));
    },
    close: () => {},
  };
}

interface UtcpClient {
  registerManual(manual: Readonly<Record<string, string>>): Promise<unknown>;
  callToolChain(code: string): Promise<{ readonly result: unknown; readonly logs: readonly string[] }>;
}
interface UtcpModule {
  readonly CodeModeUtcpClient: { create(): Promise<UtcpClient> };
}
interface DirectCallModule {
  readonly addFunctionToUtcpDirectCall: (name: string, call: (input: unknown) => Promise<unknown>) => void;
}

export async function utcpPeer(): Promise<Peer> {
  const name = "@utcp/code-mode";
  // It says each call on the console, where the figures go.
  console.log = () => {};
  const { addFunctionToUtcpDirectCall } = await importPeer<DirectCallModule>("@utcp/direct-call");
  const { CodeModeUtcpClient } = await importPeer<UtcpModule>("@utcp/code-mode");
  // It passes arguments by position.
  addFunctionToUtcpDirectCall("echo_tool", async (n) => await echo({ n }));
  addFunctionToUtcpDirectCall("echo_manual", async () => ({
    utcp_version: "1.0.0",
    tools: [
      {
        name: "echo",
        description: "Says it again.",
        inputs: { type: "object", properties: { n: { type: "number" } } },
        outputs: { type: "object" },
        tool_call_template: { call_template_type: "direct-call", callable_name: "echo_tool" },
      },
    ],
  }));
  const client = await CodeModeUtcpClient.create();
  await client.registerManual({ name: "m", call_template_type: "direct-call", callable_name: "echo_manual" });
  const run = async (source: string): Promise<unknown> => {
    const { result, logs } = await client.callToolChain(source);
    if (logs.length > 0) throw new Error(`${name}: ${logs.join()}`);
    return result;
  };
  return {
    name,
    trivial: async () => check(name, await run('return "ok";'), "ok"),
    calls: async (count) => {
      const source = `let sum = 0; for (let n = 0; n < ${count}; n += 1) sum += m.echo({ n }).n; return sum;`;
      check(name, await run(source), sumOf(count));
    },
    close: () => {},
  };
}

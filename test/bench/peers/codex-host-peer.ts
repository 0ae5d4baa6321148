/**
 * Codex's own code-mode host over its stdio: JSON messages, each after its length in four bytes, least significant first. The
 * shapes are those that version 0.169.0 of the program takes.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { check, echo, type Peer, sumOf } from "./peer.ts";

interface HostMessage {
  readonly type: string;
  readonly id?: number;
  readonly request?: { readonly type: string; readonly invocation?: { readonly input?: unknown } };
  readonly result?: { readonly value?: { readonly Result?: CellResult } };
}
interface CellResult {
  readonly content_items: readonly { readonly text?: string }[];
  readonly error_text: string | null;
}

const TOOL = {
  name: "echo",
  tool_name: { name: "echo", namespace: null },
  description: "",
  kind: "function",
};

/** `folder` has the program. */
export async function codexHostPeer(folder: string): Promise<Peer> {
  const name = "codex-code-mode-host";
  const child = spawn(join(folder, "codex-code-mode-host"), [], { stdio: ["pipe", "pipe", "ignore"] });
  const awaited = new Map<string, (message: HostMessage) => void>();
  const send = (message: object): void => {
    const payload = Buffer.from(JSON.stringify(message));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(payload.length);
    child.stdin.write(Buffer.concat([length, payload]));
  };
  const receive = (message: HostMessage): void => {
    if (message.type === "delegate/request") {
      void echo(message.request?.invocation?.input).then((result) =>
        send({
          type: "delegate/response",
          id: message.id,
          result: { status: "ok", value: { type: "tool/result", result } },
        }),
      );
      return;
    }
    const key = `${message.type}:${message.id ?? ""}`;
    awaited.get(key)?.(message);
    awaited.delete(key);
  };
  child.stdout.on("data", frames(receive));
  const answer = (type: string, id: number | "", message: object): Promise<HostMessage> =>
    new Promise((resolve, reject) => {
      child.once("exit", () => reject(new Error(`${name} is gone`)));
      awaited.set(`${type}:${id}`, resolve);
      send(message);
    }).finally(() => child.removeAllListeners("exit")) as Promise<HostMessage>;

  const hello = { supportedVersions: [1], requiredCapabilities: [], optionalCapabilities: [] };
  await answer("connection/ready", "", { type: "connection/hello", ...hello });
  const request = (id: number, fields: object) => ({ type: "operation/request", id, request: fields });
  await answer("operation/response", 1, request(1, { method: "session/open", sessionId: "s" }));
  let ids = 1;
  const run = async (source: string): Promise<string> => {
    ids += 1;
    const cell = {
      tool_call_id: `call-${ids}`,
      enabled_tools: [{ ...TOOL, input_schema: null, output_schema: null }],
      source,
      yield_time_ms: 60_000,
      max_output_tokens: null,
    };
    const execute = request(ids, { method: "session/execute", sessionId: "s", request: cell });
    const { result } = await answer("execute/initialResponse", ids, execute);
    const done = result?.value?.Result;
    return done?.error_text ?? done?.content_items.map(({ text }) => text).join() ?? "no result";
  };
  return {
    name,
    trivial: async () => check(name, await run('text("ok");'), "ok"),
    calls: async (count) => {
      const source = `let sum = 0; for (let n = 0; n < ${count}; n += 1) sum += (await tools.echo({ n })).n; text(sum);`;
      check(name, await run(source), String(sumOf(count)));
    },
    close: () => void child.kill(),
  };
}

function frames(receive: (message: HostMessage) => void): (data: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE()) {
      const end = 4 + rest.readUInt32LE();
      receive(JSON.parse(rest.toString("utf8", 4, end)) as HostMessage);
      rest = rest.subarray(end);
    }
  };
}

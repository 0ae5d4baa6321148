/** What the parts of the contract work with: a provider, and for each test a session with a recording host. */
import type {
  CodeModeSession,
  CodeModeSessionProvider,
  ContentItem,
  ExecuteRequest,
  RuntimeResponse,
} from "@rollout-trace/protocol";
import { RecordingHost, TOOLS } from "../recording-host.ts";

/** A deadline that no test reaches. */
export const LONG_MS = 60_000;

export class ContractContext {
  #provider: CodeModeSessionProvider | undefined;
  #session: CodeModeSession | undefined;
  host: RecordingHost = new RecordingHost();

  get provider(): CodeModeSessionProvider {
    if (this.#provider === undefined) throw new Error("no provider yet");
    return this.#provider;
  }

  set provider(provider: CodeModeSessionProvider) {
    this.#provider = provider;
  }

  get session(): CodeModeSession {
    if (this.#session === undefined) throw new Error("no session yet");
    return this.#session;
  }

  async renew(): Promise<void> {
    this.host = new RecordingHost();
    this.#session = await this.provider.createSession(this.host, { observer: this.host });
  }

  request(source: string, more: Partial<ExecuteRequest> = {}): ExecuteRequest {
    return { toolCallId: "call-exec", source, enabledTools: TOOLS, yieldTimeMs: LONG_MS, ...more };
  }

  async run(source: string, more: Partial<ExecuteRequest> = {}): Promise<RuntimeResponse> {
    const { initialResponse } = await this.session.execute(this.request(source, more));
    return await initialResponse;
  }

  /** Starts a script that yields at once and goes on. */
  async start(source: string): Promise<string> {
    const response = await this.run(`yield_control();\n${source}`);
    if (response.type !== "yielded") throw new Error(`expected a yield, got ${JSON.stringify(response)}`);
    return response.cellId;
  }

  async wait(cellId: string, yieldTimeMs: number = LONG_MS): Promise<RuntimeResponse> {
    return (await this.session.wait({ cellId, yieldTimeMs })).response;
  }
}

export function text(...texts: readonly string[]): ContentItem[] {
  return texts.map((value) => ({ type: "input_text", text: value }));
}

export function result(cellId: string, ...texts: readonly string[]): RuntimeResponse {
  return { type: "result", cellId, contentItems: text(...texts) };
}

export function missing(cellId: string): RuntimeResponse {
  return { type: "result", cellId, contentItems: [], errorText: `exec cell ${cellId} not found` };
}

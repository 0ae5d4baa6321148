/** One agent: a history, and the loop that sends it to the model and runs the tools that the model asks for. */
import type { ThreadTrace, TurnTrace } from "@rollout-trace/trace";
import type {
  Response,
  ResponseCreateParamsNonStreaming,
  ResponseCustomToolCall,
  ResponseCustomToolCallOutput,
  ResponseFunctionToolCall,
  ResponseInputItem,
  Tool,
} from "openai/resources/responses/responses";
import type { Model } from "./model.ts";

export type ToolCallItem = ResponseFunctionToolCall | ResponseCustomToolCall;
export type ToolOutputItem = ResponseInputItem.FunctionCallOutput | ResponseCustomToolCallOutput;

/** What an agent can do. */
export interface Toolbox {
  readonly specs: readonly Tool[];
  /** Runs one call, recorded as a tool call of the turn. Never rejects: a failure is an output that says so. */
  run(turn: TurnTrace, call: ToolCallItem): Promise<ToolOutputItem>;
  /** What arrived since the last request: notifications of cells, reports of other agents. */
  takeMessages(): readonly string[];
  close(): Promise<void>;
}

export interface AgentOptions {
  readonly thread: ThreadTrace;
  readonly model: Model;
  readonly toolbox: Toolbox;
  readonly instructions: string;
}

/** Requests that one turn may make; a model that never stops calling tools is stopped here. */
const MAX_REQUESTS_PER_TURN = 40;

export class Agent {
  readonly #options: AgentOptions;
  readonly #history: ResponseInputItem[] = [];

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Runs one turn and returns the model's last words. */
  async runTurn(message: string): Promise<string> {
    const turn = this.#options.thread.startTurn();
    this.#history.push({ type: "message", role: "user", content: message });
    try {
      const answer = await turn.run(() => this.#loop(turn));
      turn.end("completed");
      return answer;
    } catch (error) {
      turn.end("failed");
      throw error;
    }
  }

  /** Ends the agent's code-mode session and its thread. */
  async close(): Promise<void> {
    await this.#options.toolbox.close();
    this.#options.thread.end("completed");
  }

  async #loop(turn: TurnTrace): Promise<string> {
    for (let request = 0; request < MAX_REQUESTS_PER_TURN; request += 1) {
      for (const content of this.#options.toolbox.takeMessages()) {
        this.#history.push({ type: "message", role: "user", content });
      }
      const response = await this.#ask(turn);
      this.#history.push(...(response.output as ResponseInputItem[]));
      const calls = response.output.filter(
        (item): item is ToolCallItem => item.type === "function_call" || item.type === "custom_tool_call",
      );
      if (calls.length === 0) return response.output_text;
      const outputs = await Promise.all(calls.map((call) => this.#options.toolbox.run(turn, call)));
      this.#history.push(...outputs);
    }
    throw new Error(`the model asked for tools ${MAX_REQUESTS_PER_TURN} times in one turn`);
  }

  async #ask(turn: TurnTrace): Promise<Response> {
    const { model, thread, toolbox, instructions } = this.#options;
    const request: ResponseCreateParamsNonStreaming = {
      model: model.name,
      instructions,
      input: [...this.#history],
      tools: [...toolbox.specs],
      store: false,
      include: ["reasoning.encrypted_content"],
      metadata: { agent_path: thread.agentPath },
    };
    const inference = turn.startInference({
      model: model.name,
      provider: "openai",
      dialect: "openai_responses",
      request: () => request,
    });
    try {
      const response = await inference.run(() =>
        model.client.responses.stream({ ...request, stream: true }).finalResponse(),
      );
      inference.completed({ responseId: response.id, response: () => response });
      return response;
    } catch (error) {
      inference.failed({ error: String(error) });
      throw error;
    }
  }
}

/** An agent of the soak: asks its model, runs what it asks for, starts agents of its own, and is interrupted now and then. */
import type { CodeModeSessionProvider, JsonValue, ToolKind } from "@rollout-trace/protocol";
import { CodeModeError } from "@rollout-trace/runtime";
import type { ThreadTrace, ToolCallTrace, TurnTrace } from "@rollout-trace/trace";
import { SeededRandom } from "../seeded-random.ts";
import { Cells } from "./cells.ts";
import { Conversation, type ModelCall } from "./conversation.ts";
import { pickScenario, type Scenario } from "./scenarios.ts";
import { counting, type Tally, UNKNOWN_CELL } from "./tally.ts";
import type { SoakTools } from "./tools.ts";

export interface AgentParts {
  readonly provider: CodeModeSessionProvider;
  readonly scenarios: readonly Scenario[];
  readonly tools: SoakTools;
  readonly tally: Tally;
  readonly seed: number;
  /** Is told what no host has to expect. */
  readonly onSurprise: (what: string) => void;
}

const MAX_DEPTH = 2;
const MAX_CHILDREN = 3;
const MAX_REQUESTS_PER_TURN = 6;
const MAX_CALLS_PER_REQUEST = 3;
const INTERRUPTED_SHARE = 0.2;
const MAX_MS_UNTIL_INTERRUPTION = 600;

/** What code mode may answer to a host that does several things at once; the last one only where hosts are lost. */
const EXPECTED_CODES: ReadonlySet<string> = new Set(["busy_observer", "already_terminating", "host_lost"]);

const KINDS: Readonly<Record<string, ToolKind>> = {
  exec: { type: "code_cell_exec" },
  wait: { type: "code_cell_wait" },
  spawn_agent: { type: "spawn_agent" },
  list_directory: { type: "mcp", server: "filesystem", tool: "list_directory" },
};

export class SoakAgent {
  readonly #thread: ThreadTrace;
  readonly #parts: AgentParts;
  readonly #depth: number;
  readonly #random: SeededRandom;
  readonly #cells: Cells;
  readonly #conversation: Conversation;
  readonly #inbox: string[];
  readonly #children: Promise<void>[] = [];
  /** Of the scripts that the model asked to run. */
  readonly #scenarios: Map<string, Scenario> = new Map();

  private constructor(
    thread: ThreadTrace,
    depth: number,
    parts: AgentParts,
    made: { readonly random: SeededRandom; readonly cells: Cells; readonly inbox: string[] },
  ) {
    this.#thread = thread;
    this.#parts = parts;
    this.#depth = depth;
    this.#random = made.random;
    this.#cells = made.cells;
    this.#inbox = made.inbox;
    const { tools, tally } = parts;
    const name = `${thread.rolloutId}${thread.agentPath}`.replaceAll("/", "_");
    this.#conversation = new Conversation({ name, random: made.random, tally, tools: tools.specs });
  }

  static async open(thread: ThreadTrace, parts: AgentParts, depth = 0): Promise<SoakAgent> {
    const random = new SeededRandom(parts.seed, thread.rolloutId, thread.agentPath);
    const inbox: string[] = [];
    const cells = await Cells.open({
      provider: parts.provider,
      observer: counting(thread.codeModeObserver(), parts.tally),
      tools: parts.tools,
      random,
      onNotification: (text) => inbox.push(text),
    });
    return new SoakAgent(thread, depth, parts, { random, cells, inbox });
  }

  async runTurn(message: string): Promise<void> {
    const turn = this.#thread.startTurn();
    const interruption = new AbortController();
    const timer = this.#random.chance(INTERRUPTED_SHARE)
      ? setTimeout(() => interruption.abort(), this.#random.integer(1, MAX_MS_UNTIL_INTERRUPTION))
      : undefined;
    let interrupted: Promise<void> = Promise.resolve();
    interruption.signal.addEventListener("abort", () => {
      interrupted = this.#cells.interrupt();
    });
    this.#conversation.say(message);
    try {
      await turn.run(() => this.#loop(turn, interruption.signal));
    } catch (error) {
      if (!interruption.signal.aborted) this.#parts.onSurprise(`a turn failed: ${String(error)}`);
    }
    clearTimeout(timer);
    await interrupted;
    const status = interruption.signal.aborted ? "aborted" : "completed";
    turn.end(status);
    this.#parts.tally.count(`turn ${status}`);
  }

  /** Waits for the agents that this one started; ends its session and its thread. */
  async close(): Promise<void> {
    await Promise.all(this.#children);
    await this.#cells.close();
    this.#thread.end();
    this.#parts.tally.count("thread completed");
  }

  async #loop(turn: TurnTrace, signal: AbortSignal): Promise<void> {
    for (let request = 1; request <= MAX_REQUESTS_PER_TURN; request += 1) {
      for (const text of this.#inbox.splice(0)) this.#conversation.say(text);
      const calls = request === MAX_REQUESTS_PER_TURN ? [] : this.#decide();
      await this.#conversation.ask(turn, calls, signal);
      if (calls.length === 0) return;
      await this.#runCalls(turn, calls, signal);
    }
  }

  /** What the model asks for next; nothing when it is done. */
  #decide(): readonly ModelCall[] {
    const live = [...this.#cells.live];
    return Array.from({ length: this.#random.integer(0, MAX_CALLS_PER_REQUEST) }, (): ModelCall => {
      const callId = this.#conversation.nextCallId();
      const decision = this.#random.next();
      if (live.length > 0 && decision < 0.4) {
        const terminate = decision < 0.1;
        const cell_id = this.#random.chance(0.03) ? UNKNOWN_CELL : this.#random.pick(live);
        return { callId, name: "wait", input: JSON.stringify({ cell_id, terminate }) };
      }
      if (decision > 0.95 && this.#depth < MAX_DEPTH && this.#children.length < MAX_CHILDREN) {
        return { callId, name: "spawn_agent", input: "{}" };
      }
      if (decision > 0.9) return { callId, name: "list_directory", input: "{}" };
      const scenario = pickScenario(this.#parts.scenarios, this.#random);
      this.#scenarios.set(callId, scenario);
      return { callId, name: "exec", input: scenario.source(this.#random) };
    });
  }

  /** Runs the calls side by side. Rejects, when they are over, if the turn was interrupted meanwhile. */
  async #runCalls(turn: TurnTrace, calls: readonly ModelCall[], signal: AbortSignal): Promise<void> {
    const outputs = await Promise.all(calls.map((call) => this.#runCall(turn, call, signal)));
    for (const [index, call] of calls.entries()) this.#conversation.answer(call, outputs[index] ?? null);
    signal.throwIfAborted();
  }

  async #runCall(turn: TurnTrace, call: ModelCall, signal: AbortSignal): Promise<JsonValue> {
    const { name, callId, input } = call;
    const { tally } = this.#parts;
    const options = {
      kind: KINDS[name] ?? { type: "other", name },
      label: name,
      modelVisibleCallId: callId,
      inputPreview: input,
      invocation: () => ({
        tool_name: name,
        payload:
          name === "exec"
            ? { type: "custom" as const, input }
            : { type: "function" as const, arguments: input },
      }),
      item: (output: JsonValue) => ({ type: "function_call_output", call_id: callId, output }),
    };
    try {
      const output = await turn.traceTool(options, async (trace) => {
        const result = await this.#dispatch(trace, call);
        signal.throwIfAborted();
        return result;
      });
      tally.count("call completed");
      return output;
    } catch (error) {
      tally.count(error instanceof Error && error.name === "AbortError" ? "call cancelled" : "call failed");
      return this.#explain(error, signal);
    }
  }

  async #dispatch(trace: ToolCallTrace, { name, callId, input }: ModelCall): Promise<JsonValue> {
    switch (name) {
      case "exec": {
        const scenario = this.#scenarios.get(callId);
        this.#scenarios.delete(callId);
        if (scenario === undefined) throw new Error(`call ${callId} was not asked for`);
        return [...(await this.#cells.exec(callId, input, scenario))] as JsonValue;
      }
      case "wait": {
        const { cell_id, terminate } = JSON.parse(input) as { cell_id: string; terminate: boolean };
        const output = terminate
          ? await this.#cells.terminate(callId, cell_id)
          : await this.#cells.wait(callId, cell_id);
        return [...output] as JsonValue;
      }
      case "spawn_agent":
        return this.#spawn(trace);
      default:
        return await this.#parts.tools.listDirectory();
    }
  }

  #spawn(trace: ToolCallTrace): JsonValue {
    const kind = "spawn_agent";
    const message = "Do a part of it.";
    trace.agentInteractionStarted({ kind, message });
    const child = this.#thread.startChildThread({ taskName: `part_${this.#children.length + 1}` });
    trace.agentInteractionEnded({ kind, targetThreadId: child.threadId, message, status: "completed" });
    this.#children.push(this.#runChild(child, message));
    return { agent_path: child.agentPath };
  }

  /** Never rejects. */
  async #runChild(thread: ThreadTrace, message: string): Promise<void> {
    try {
      const agent = await SoakAgent.open(thread, this.#parts, this.#depth + 1);
      for (let turn = this.#random.integer(1, 2); turn > 0; turn -= 1) await agent.runTurn(message);
      thread.agentResult({ message: `${thread.agentPath} is done` });
      this.#inbox.push(`${thread.agentPath} is done`);
      await agent.close();
    } catch (error) {
      this.#parts.onSurprise(`${thread.agentPath} failed: ${String(error)}`);
    }
  }

  /** What the model is told of a call that failed. */
  #explain(error: unknown, signal: AbortSignal): string {
    const isExpected =
      signal.aborted ||
      (error instanceof CodeModeError && EXPECTED_CODES.has(error.code)) ||
      // A caller that went away from a wait.
      (error instanceof Error && error.name === "AbortError");
    if (!isExpected) this.#parts.onSurprise(`a call failed: ${String(error)}`);
    return `error: ${error instanceof Error ? error.message : String(error)}`;
  }
}

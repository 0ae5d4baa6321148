/**
 * What the host under test does while it is recorded: a pure function of a seed, so that what it did without a recorder tells
 * whether the recorder changed anything.
 */
import { createHash, type Hash } from "node:crypto";
import type { JsonObject } from "@rollout-trace/protocol";
import { disabledThreadTrace, type ThreadTrace, type TurnTrace } from "@rollout-trace/trace";
import { SeededRandom } from "../seeded-random.ts";

/** Items, after which a new history begins. */
const MAX_HISTORY = 30;
const TURN_STEPS = 12;
const MODEL = { model: "m", provider: "p" } as const;

export interface WorkOptions {
  readonly seed: number;
  /** Texts are so many times as long as usual. */
  readonly scale: number;
}

export class HostWork {
  readonly #random: SeededRandom;
  readonly #root: ThreadTrace;
  readonly #scale: number;
  readonly #results: Hash = createHash("sha256");
  #turn: TurnTrace | null = null;
  #history: JsonObject[] = [];
  #steps = 0;

  constructor(root: ThreadTrace, { seed, scale }: WorkOptions) {
    this.#root = root;
    this.#scale = scale;
    this.#random = new SeededRandom(seed, "work");
  }

  /** One thing that a host does. */
  step(): void {
    this.#steps += 1;
    this.#turn ??= this.#root.startTurn({ turnId: `turn-${this.#steps}` });
    const turn = this.#turn;
    const choice = this.#random.next();
    if (choice < 0.4) this.#ask(turn);
    else if (choice < 0.8) this.#useTool(turn);
    else if (choice < 0.85) this.#failTool(turn);
    else if (choice < 0.9) this.#startAgent();
    else this.#note(turn);
    if (this.#steps % TURN_STEPS === 0) this.endTurn();
  }

  endTurn(): void {
    this.#turn?.end();
    this.#turn = null;
  }

  /** Of everything that the host's own code gave so far. */
  digest(): string {
    return this.#results.copy().digest("hex").slice(0, 16);
  }

  /** Decides before it records: what is recorded lazily may not be asked for. */
  #note(turn: TurnTrace): void {
    const note = { step: this.#steps, text: this.#filler(0, 4000) };
    turn.protocolEvent("note", () => note);
  }

  #ask(turn: TurnTrace): void {
    if (this.#history.length > MAX_HISTORY) this.#history = [];
    this.#history.push({
      type: "message",
      role: "user",
      content: `${this.#steps}: ${this.#filler(10, 3000)}`,
    });
    const input = [...this.#history];
    const inference = turn.startInference({
      ...MODEL,
      dialect: "openai_responses",
      request: () => ({ ...MODEL, input }),
    });
    const id = `item-${this.#steps}`;
    const content = [{ type: "output_text", text: this.#filler(10, 500) }];
    const item: JsonObject = { type: "message", id, role: "assistant", content };
    const responseId = `response-${this.#steps}`;
    inference.completed({ responseId, response: () => ({ id: responseId, output: [item] }) });
    this.#history.push(item);
    this.#results.update(id);
  }

  #useTool(turn: TurnTrace): void {
    const size = this.#random.chance(0.1) ? 60_000 : 800;
    const text = this.#filler(1, size);
    const result = turn.traceTool({ kind: { type: "web" }, toolCallId: `call-${this.#steps}` }, () => text);
    this.#results.update(result);
  }

  #failTool(turn: TurnTrace): void {
    try {
      turn.traceTool({ kind: { type: "web" }, toolCallId: `call-${this.#steps}` }, () => {
        throw new Error(`fails in step ${this.#steps}`);
      });
    } catch (error) {
      this.#results.update(error instanceof Error ? error.message : "something else was thrown");
    }
  }

  #startAgent(): void {
    const child = this.#root.startChildThread({
      threadId: `agent-${this.#steps}`,
      taskName: `t${this.#steps}`,
    });
    const turn = child.startTurn({ turnId: `agent-turn-${this.#steps}` });
    this.#results.update(turn.traceTool({ kind: { type: "web" } }, () => "found"));
    turn.end();
    child.agentResult({ message: "done" });
    child.end();
  }

  /** Text that does not compress to nothing. */
  #filler(from: number, to: number): string {
    const length = this.#scale * this.#random.integer(from, to);
    const word = this.#random.next().toString(36).slice(2, 10);
    return word.repeat(Math.ceil(length / Math.max(word.length, 1))).slice(0, length);
  }
}

/** What `steps` steps give when nothing is recorded. */
export function digestWithoutRecorder(options: WorkOptions, steps: number): string {
  const work = new HostWork(disabledThreadTrace(), options);
  for (let step = 0; step < steps; step += 1) work.step();
  return work.digest();
}

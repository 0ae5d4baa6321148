/**
 * The turns of a thread. A transcript hardly tells of them: they are made up of what somebody asked for, what woke the agent
 * later, and what came of it.
 */
import type { ExecutionStatus } from "@rollout-trace/protocol";
import type { Place } from "../log/thread-output.ts";
import { Turns } from "../log/turns.ts";
import type { ClaudeConversation } from "./conversation.ts";
import type { ClaudeOutput } from "./output.ts";
import type { ToolCalls } from "./tool-calls.ts";

export interface ClaudeTurnsOptions {
  readonly output: ClaudeOutput;
  readonly conversation: ClaudeConversation;
  readonly calls: ToolCalls;
}

export class ClaudeTurns {
  readonly #conversation: ClaudeConversation;
  readonly #calls: ToolCalls;
  readonly #turns: Turns;
  /** Something that may have woken the agent after its last answer. */
  #woken: Place | null = null;
  /** Whether a prompt or a result has not been answered. */
  #isOwed = false;
  /** Whether the last thing that happened was an error of the provider. */
  #hasFailed = false;

  constructor({ output, conversation, calls }: ClaudeTurnsOptions) {
    this.#conversation = conversation;
    this.#calls = calls;
    this.#turns = new Turns(output);
  }

  get open(): string | null {
    return this.#turns.open;
  }

  /** Somebody asks for something else, answered or not. */
  leave(at: Place): void {
    this.end(this.#calls.hasPending || this.#isOwed ? "aborted" : "completed", at);
  }

  /** Somebody asks for something. */
  ask(at: Place): void {
    this.#turns.beginUntold(at);
    this.#isOwed = true;
  }

  /** The model was given what it asked for. */
  owe(): void {
    this.#isOwed = true;
  }

  /** The host says something that an agent which has answered may answer again. */
  wake(at: Place): void {
    if (this.#conversation.isIdle) this.#woken = at;
  }

  /** A response begins. Gives the turn that it is of. */
  respond(at: Place): string {
    const woken = this.#woken;
    if (woken !== null) {
      this.end("completed", at);
      this.#turns.beginUntold({ line: woken.line, timeUs: at.timeUs });
    }
    this.#hasFailed = false;
    this.#isOwed = false;
    return this.#current(at);
  }

  /** A request fails. Gives the turn that it is of. */
  fail(at: Place): string {
    this.#hasFailed = true;
    return this.#current(at);
  }

  end(status: ExecutionStatus, at: Place): void {
    this.#conversation.close();
    this.#turns.end(status === "completed" && this.#hasFailed ? "failed" : status, at);
    this.#calls.forgetPending();
    this.#hasFailed = false;
    this.#isOwed = false;
    this.#woken = null;
  }

  /** The end of what there is of the thread. Without being told how it ended, a turn that owes something may still go on. */
  finish(told: ExecutionStatus | null, at: Place): void {
    const isAnswered = this.#conversation.hasAnswered && !this.#isOwed && !this.#calls.hasPending;
    this.#conversation.close();
    const status = told ?? (isAnswered || this.#hasFailed ? "completed" : null);
    if (status !== null) this.#turns.end(this.#hasFailed ? "failed" : status, at);
  }

  /** The thread ends as its last turn did. */
  endThread(at: Place): void {
    this.#turns.endThread(at);
  }

  /** A thread that was over goes on. */
  resumeThread(at: Place): void {
    this.#turns.resumeThread(at);
  }

  #current(at: Place): string {
    if (this.#turns.open === null) this.#turns.beginUntold(at);
    return this.#turns.current(at);
  }
}

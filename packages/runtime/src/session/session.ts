/** The session that a host holds: requests in, results out; everything else is the core's and the cells'. */
import type {
  CodeModeSession,
  ExecuteRequest,
  PendingOutcome,
  StartedCell,
  TerminateRequest,
  WaitMode,
  WaitOutcome,
  WaitRequest,
  WaitToPendingOutcome,
  WaitToPendingRequest,
} from "@rollout-trace/protocol";
import type { Until } from "../cell/cell-state.ts";
import { resolveYieldTime } from "./requests.ts";
import type { SessionCore } from "./session-core.ts";
import { type Answer, missingResponse, pendingOutcome, terminateWaiter, waitWaiter } from "./waiters.ts";

/** Cells of sessions that were dropped without `shutdown` are stopped when the collector notices. */
const dropped = new FinalizationRegistry<SessionCore>((core) => {
  void core.shutdown();
});

export class InProcessSession implements CodeModeSession, AsyncDisposable {
  readonly #core: SessionCore;

  constructor(core: SessionCore) {
    this.#core = core;
    dropped.register(this, core, this);
  }

  async execute(request: ExecuteRequest): Promise<StartedCell> {
    const deadlineMs = resolveYieldTime(request.yieldTimeMs);
    const { cellId, answer } = this.#core.execute(request, { type: "yield", deadlineMs });
    return { cellId, initialResponse: answer.then(({ response }) => response) };
  }

  async executeToPending(request: ExecuteRequest): Promise<PendingOutcome> {
    return pendingOutcome(await this.#core.execute(request, { type: "pending" }).answer);
  }

  async wait(request: WaitRequest): Promise<WaitOutcome> {
    const deadlineMs = resolveYieldTime(request.yieldTimeMs);
    return waitOutcome(await this.#observe(request, "yield", { type: "yield", deadlineMs }));
  }

  async waitToPending(request: WaitToPendingRequest): Promise<WaitToPendingOutcome> {
    const answer = await this.#observe(request, "pending", { type: "pending" });
    if (answer.type === "missing") return { type: "missing", response: answer.response };
    return { type: "live", outcome: pendingOutcome(answer) };
  }

  async terminate(request: TerminateRequest): Promise<WaitOutcome> {
    const { cellId, toolCallId = null, cause = "host" } = request;
    const cell = this.#core.cell(cellId);
    if (cell === undefined) return { type: "missing", response: missingResponse(cellId) };
    const { waiter, answer } = terminateWaiter(cellId);
    cell.terminate(cause, toolCallId, waiter);
    return waitOutcome(await answer);
  }

  async shutdown(): Promise<void> {
    dropped.unregister(this);
    await this.#core.shutdown();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #observe(request: WaitToPendingRequest, mode: WaitMode, until: Until): Promise<Answer> {
    const { cellId, toolCallId = null, signal } = request;
    const wait = { waitId: this.#core.nextWaitId(), cellId, toolCallId, mode };
    const { waiter, answer } = waitWaiter(wait, this.#core.observer);
    const cell = this.#core.cell(cellId);
    if (cell === undefined) {
      waiter.answer({ type: "missing" }, []);
      return await answer;
    }
    if (signal?.aborted === true) {
      waiter.abandon();
      return await answer;
    }
    const leave = cell.observe(until, waiter);
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }
}

function waitOutcome({ type, response }: Answer): WaitOutcome {
  return { type: type === "missing" ? "missing" : "live", response };
}

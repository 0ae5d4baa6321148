/** What a made-up agent says to its model and hears from it. */
import type { Dialect, JsonObject, JsonValue } from "@rollout-trace/protocol";
import type { InferenceBuilder } from "./call-builders.ts";
import type { Pick } from "./random-call.ts";
import type { RandomIds } from "./random-ids.ts";
import type { RolloutBuilder } from "./rollout-builder.ts";
import { type Speech, SPEECH, type SpokenCall, type Told } from "./speech.ts";
import type { TurnBuilder } from "./turn-builder.ts";

/** Who asks. */
interface Asking {
  readonly rollout: RolloutBuilder;
  readonly ids: RandomIds;
  readonly dialect: Dialect;
  readonly path: string;
}

export class RandomRequests {
  readonly #rollout: RolloutBuilder;
  readonly #ids: RandomIds;
  readonly #dialect: Dialect;
  readonly #speech: Speech;
  readonly #path: string;
  #history: JsonValue[];
  /** What has come since the last request and goes out with the next: it is no part of what is being answered. */
  #arrived: JsonValue[] = [];
  /** The last response that a request may continue, and how much of the history it has seen. */
  #last: { readonly responseId: string; readonly seen: number } | null = null;
  #hasAsked = false;
  #open: InferenceBuilder | null = null;
  /** A request for something else, such as a title: no part of the history. */
  #side: InferenceBuilder | null = null;
  /** Calls that have returned for good, and that no request has shown to have. */
  #returned: string[] = [];

  constructor({ rollout, ids, dialect, path }: Asking) {
    this.#rollout = rollout;
    this.#ids = ids;
    this.#dialect = dialect;
    this.#speech = SPEECH[dialect];
    this.#path = path;
    this.#history = [...this.#speech.instructions(`you are ${path}`)];
  }

  /** In which dialect something is can be told once its thread has asked. */
  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  get isWaiting(): boolean {
    return this.#open !== null;
  }

  hear(text: string): void {
    this.#arrived.push(this.#speech.user(text));
  }

  hearFrom(message: Told): void {
    this.#arrived.push(this.#speech.told(message));
  }

  /** What a call gave, or one of several things that it gave. */
  show(call: SpokenCall, text: string): void {
    this.#arrived.push(this.#speech.output(call, text));
  }

  /** Nothing more will be shown of a call: once a request has carried what was, its id may be used again. */
  isOver(call: SpokenCall): void {
    this.#returned.push(call.id);
  }

  actions(turn: TurnBuilder, pick: Pick): (() => void)[] {
    const side = this.#side;
    if (side === null) return pick(6) === 0 ? [() => this.#askAside(turn, pick)] : [];
    return [() => this.#answerAside(side, pick)];
  }

  /** Something is taken into the history before, or without, a request that has it. */
  accept(turn: TurnBuilder, pick: Pick): void {
    const id = this.#rollout.next("msg");
    if (pick(2) === 0 || !this.#hasAsked) turn.accept(id);
    else turn.accept(id, this.#speech.user(this.#rollout.next("text")));
  }

  ask(turn: TurnBuilder, pick: Pick): void {
    this.#takeArrived();
    this.#hasAsked = true;
    const id = this.#ids.next("inference", pick);
    const dialect = this.#dialect;
    this.#open = turn.request(...this.#requestOf({ id, dialect }, pick));
    for (const call of this.#returned) this.#ids.giveBack("call", call);
    this.#returned = [];
  }

  #requestOf(
    { id, dialect }: { id: string; dialect: Dialect },
    pick: Pick,
  ): Parameters<TurnBuilder["request"]> {
    const history = this.#history;
    const last = this.#last;
    if (dialect === "openai_responses" && last !== null && pick(3) > 0) {
      const mode = { type: "incremental", previous_response_id: last.responseId };
      return [history.slice(last.seen), { id, dialect, mode }];
    }
    if (dialect === "openai_responses" && pick(4) === 0) {
      const seen = pick(history.length + 1);
      const prefix = this.#rollout.payload("inference_request", { input: history.slice(0, seen) });
      const mode = {
        type: "incremental_untraced",
        previous_response_id: this.#rollout.next("elsewhere"),
        prefix,
      };
      return [history.slice(seen), { id, dialect, mode }];
    }
    return [history, { id, dialect, fields: this.#fields() }];
  }

  #fields(): JsonObject {
    return this.#dialect === "anthropic_messages" ? { system: `you are ${this.#path}` } : {};
  }

  /** The response; gives its text. */
  answer(calls: readonly SpokenCall[], pick: Pick): string {
    const answer = this.#answer();
    const thought = pick(2) === 0 ? null : answer.thought;
    const spoken = this.#speech.answer({ ...answer, thought, calls });
    const responseId = this.#rollout.next("response");
    const usage = this.#speech.usage(3 + pick(3), 1 + pick(3));
    this.#open?.respond(spoken.response, { responseId, usage });
    this.#close();
    this.#history.push(...spoken.replay);
    this.#last = { responseId, seen: this.#history.length };
    return answer.text;
  }

  /** No response, or a part of one. */
  breakOff(pick: Pick): void {
    const partial =
      pick(2) === 0 ? undefined : this.#speech.answer({ ...this.#answer(), calls: [] }).response;
    if (pick(2) === 0) this.#open?.fail("broken", partial);
    else this.#open?.cancel("stopped", partial);
    this.#close();
  }

  /** What is under way is cancelled, or left to what it runs in. */
  interrupt(pick: Pick): void {
    if (pick(2) === 0) this.#open?.cancel("interrupted");
    this.#open = null;
    this.#side = null;
  }

  compact(turn: TurnBuilder, pick: Pick): void {
    this.#takeArrived();
    const id = this.#ids.next("compaction", pick);
    for (let attempts = pick(3); attempts > 0; attempts -= 1) {
      const requestId = this.#ids.next("compaction-request", pick);
      const ids = { compaction_id: id, compaction_request_id: requestId };
      const request = this.#rollout.payload("compaction_request", { input: this.#history.slice(0, 1) });
      const place = {
        thread_id: turn.thread.id,
        turn_id: turn.id,
        model: "model-1",
        provider: "provider-1",
      };
      turn.event({ type: "compaction_request_started", ...ids, ...place, request });
      // Nobody may have heard of its end.
      if (pick(6) === 0) continue;
      this.#ids.giveBack("compaction-request", requestId);
      if (attempts > 1) {
        turn.event({ type: "compaction_request_failed", ...ids, error: "too long" });
        continue;
      }
      const response = this.#rollout.payload("compaction_response", { usage: this.#speech.usage(2, 1) });
      turn.event({ type: "compaction_request_completed", ...ids, response });
    }
    const replacement = [this.#speech.user(this.#rollout.next("summary"))];
    turn.compact(id, { input: [...this.#history], replacement });
    this.#history = replacement;
    this.#last = null;
    this.#ids.giveBack("compaction", id);
  }

  #askAside(turn: TurnBuilder, pick: Pick): void {
    this.#hasAsked = true;
    const about = this.#speech.user(this.#rollout.next("title"));
    this.#side = turn.request([about], { id: this.#ids.next("inference", pick), dialect: this.#dialect });
  }

  #answerAside(side: InferenceBuilder, pick: Pick): void {
    const { response } = this.#speech.answer({ ...this.#answer(), calls: [] });
    const responseId = this.#rollout.next("response");
    if (pick(4) === 0) side.fail("no title");
    else side.respond(response, { responseId, usage: this.#speech.usage(1, 1) });
    this.#ids.giveBack("inference", side.id);
    this.#side = null;
  }

  #answer() {
    const text = this.#rollout.next("text");
    return { id: this.#rollout.next("msg"), thought: `about ${text}`, text };
  }

  #takeArrived(): void {
    this.#history.push(...this.#arrived);
    this.#arrived = [];
  }

  #close(): void {
    if (this.#open !== null) this.#ids.giveBack("inference", this.#open.id);
    this.#open = null;
  }
}

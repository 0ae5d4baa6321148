/** A host that asks for titles and the like between the requests of a conversation, and changes what that has said. */
import { expect, it } from "vitest";
import type { JsonObject } from "@rollout-trace/protocol";
import { checkGraph, expandRequest, type RolloutGraph } from "@rollout-trace/reducer";
import { type InferenceBuilder, RolloutBuilder } from "@rollout-trace/reducer/testing";
import fc from "fast-check";
import { assertLaw, LAW_TIMEOUT } from "./laws.ts";
import { reduceLeniently } from "./support.ts";

const round = fc.record({
  /** The date in the instructions. */
  date: fc.nat(2),
  /** Rounds at the beginning of the conversation that are left out from now on. */
  trim: fc.constantFrom(0, 0, 0, 1),
  /** Whether thoughts of earlier rounds are left out from now on. */
  isStripped: fc.constantFrom(false, false, false, true),
  /** Side requests before the request, and between it and its answer. */
  before: fc.constantFrom(0, 0, 1, 2),
  within: fc.constantFrom(0, 0, 1, 2),
  /** What the model says with its call; much of it is said again. */
  words: fc.nat(1),
});
type Round = typeof round extends fc.Arbitrary<infer Each> ? Each : never;

interface Form {
  readonly system: (text: string) => {
    readonly fields?: JsonObject;
    readonly messages: readonly JsonObject[];
  };
  readonly user: (text: string) => JsonObject;
  readonly result: (id: string, text: string) => JsonObject;
  /** A thought, a text and a call: as a response has them, and as the next request repeats them, with and without the thought. */
  readonly answer: (said: Said) => readonly JsonObject[];
  readonly again: (said: Said) => readonly JsonObject[];
}

interface Said {
  readonly thought: string | null;
  readonly text: string;
  readonly callId: string;
}

const FORMS = {
  openai_responses: {
    system: (text) => ({ messages: [message("developer", "input_text", text)] }),
    user: (text) => message("user", "input_text", text),
    result: (id, output) => ({ type: "function_call_output", call_id: id, output }),
    answer: inItems,
    again: inItems,
  },
  anthropic_messages: {
    system: (text) => ({ fields: { system: text }, messages: [] }),
    user: (content) => ({ role: "user", content }),
    result: (id, content) => ({ role: "user", content: [{ type: "tool_result", tool_use_id: id, content }] }),
    answer: inBlocks,
    again: (said) => [{ role: "assistant", content: [...inBlocks(said)] }],
  },
} satisfies { readonly [dialect: string]: Form };
type FormName = keyof typeof FORMS;

function message(role: string, type: string, text: string): JsonObject {
  return { type: "message", role, content: [{ type, text }] };
}

function inItems({ thought, text, callId }: Said): readonly JsonObject[] {
  return [
    ...(thought === null ? [] : [{ type: "reasoning", summary: [], encrypted_content: thought }]),
    message("assistant", "output_text", text),
    { type: "function_call", call_id: callId, name: "look", arguments: "{}" },
  ];
}

function inBlocks({ thought, text, callId }: Said): readonly JsonObject[] {
  return [
    ...(thought === null ? [] : [{ type: "thinking", thinking: thought, signature: thought }]),
    { type: "text", text },
    { type: "tool_use", id: callId, name: "look", input: {} },
  ];
}

/** Plays the rounds, with side requests or without. Gives the ids of the conversation's requests. */
function play(
  rollout: RolloutBuilder,
  form: FormName,
  rounds: readonly Round[],
  asks: boolean,
): readonly string[] {
  const turn = rollout.root.turn();
  const { system, user, result, answer, again }: Form = FORMS[form];
  let said: readonly { readonly said: Said; readonly result: string }[] = [];
  const ids: string[] = [];
  const ask = (instructions: string, messages: readonly JsonObject[], id: string): InferenceBuilder => {
    const { fields, messages: first } = system(instructions);
    return turn.request([...first, ...messages], {
      dialect: form,
      id,
      ...(fields === undefined ? {} : { fields }),
    });
  };
  for (const [number, { date, trim, isStripped, before, within, words }] of rounds.entries()) {
    const side = (place: string, count: number): readonly InferenceBuilder[] =>
      Array.from({ length: asks ? count : 0 }, (_, index) =>
        ask(
          `title ${index}`,
          [user(`title ${number} ${place} ${index}`)],
          `side-${number}-${place}-${index}`,
        ),
      );
    for (const each of side("before", before))
      each.respond(answer({ thought: null, text: "a title", callId: each.id }));
    said = said.slice(trim);
    if (isStripped) said = said.map((each) => ({ ...each, said: { ...each.said, thought: null } }));
    const history = said.flatMap((each) => [...again(each.said), result(each.said.callId, each.result)]);
    const id = `main-${number}`;
    const call = ask(`it is ${date}`, [user("go on"), ...history], id);
    ids.push(id);
    const within_ = side("within", within);
    const now = { thought: `thought ${number}`, text: `words ${words}`, callId: `call-${number}` };
    call.respond(answer(now));
    for (const each of within_) each.respond(answer({ thought: null, text: "words 0", callId: each.id }));
    turn.tool(`tool-${number}`, { callId: now.callId }).end();
    said = [...said, { said: now, result: `result ${number}` }];
  }
  return ids;
}

/** What the conversation's requests show, answers say, and calls are linked with; items are numbered as they are met. */
function conversationOf(graph: RolloutGraph, ids: readonly string[]): unknown {
  const numbers = new Map<string, number>();
  const numberOf = (item: string): number => {
    const known = numbers.get(item) ?? numbers.size;
    numbers.set(item, known);
    return known;
  };
  const requests = ids.map((id) => {
    const said = graph.inference_calls[id]?.response_item_ids ?? [];
    return [expandRequest(graph, id).map(numberOf), said.map(numberOf)];
  });
  const producers = [...numbers.keys()].map((item) => graph.conversation_items[item]?.produced_by);
  const calls = Object.values(graph.tool_calls).map((call) => [
    call.call_item_ids.map(numberOf),
    call.output_item_ids.map(numberOf),
    call.caused_by,
    call.visibility.seen_by_model,
  ]);
  return { requests, producers, calls };
}

it(
  "leaves of a conversation, answered in time or not, what it is without its side requests",
  () => {
    assertLaw(
      fc.property(
        fc.constantFrom(...(Object.keys(FORMS) as FormName[])),
        fc.array(round, { minLength: 2, maxLength: 12, size: "max" }),
        (form, rounds) => {
          const [without, beside] = [false, true].map((asks) => {
            const rollout = new RolloutBuilder();
            const ids = play(rollout, form, rounds, asks);
            const graph = reduceLeniently(rollout);
            expect(checkGraph(graph)).toEqual([]);
            return conversationOf(graph, ids);
          });
          expect(beside).toEqual(without);
        },
      ),
      200,
    );
  },
  LAW_TIMEOUT,
);

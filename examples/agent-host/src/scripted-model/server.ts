/** A Responses API server on loopback that plays a fixed conversation, streamed as the real one streams. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { nextStep, type ScriptedItem, type ScriptedStep } from "./conversation.ts";

export interface ScriptedModel {
  /** For the client's `baseURL`. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

interface RequestBody {
  readonly model: string;
  readonly input: readonly { readonly id?: string }[];
  readonly metadata?: { readonly agent_path?: string };
}

/** Starts the server on a free port. */
export async function startScriptedModel(): Promise<ScriptedModel> {
  let responses = 0;
  const server = createServer((request, response) => {
    if (request.method !== "POST" || request.url !== "/v1/responses") {
      response.writeHead(404).end();
      return;
    }
    responses += 1;
    const number = responses;
    answer(request, response, number).catch((error: unknown) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: String(error) } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, number: number): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body = JSON.parse(Buffer.concat(pieces).toString("utf8")) as RequestBody;
  const seen = new Set(body.input.flatMap((item) => (item.id === undefined ? [] : [item.id])));
  const step = nextStep(body.metadata?.agent_path ?? "/root", seen);
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "x-request-id": `req_${number}`,
  });
  stream(response, body, step, number);
  response.end();
}

function stream(response: ServerResponse, body: RequestBody, step: ScriptedStep, number: number): void {
  let sequence = 0;
  const send = (type: string, data: object): void => {
    response.write(
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...data })}\n\n`,
    );
    sequence += 1;
  };
  const base = {
    id: `resp_${number}`,
    object: "response",
    created_at: Math.floor(Date.now() / 1000),
    model: body.model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
  };
  send("response.created", { response: { ...base, status: "in_progress", output: [], usage: null } });
  step.forEach((item, index) => sendItem(send, item, index));
  const output = step.map((item) => outputItem(item, "completed"));
  send("response.completed", {
    response: { ...base, status: "completed", output, usage: usageOf(body, output) },
  });
}

type Send = (type: string, data: object) => void;

function sendItem(send: Send, item: ScriptedItem, index: number): void {
  const at = { output_index: index, item_id: item.id };
  send("response.output_item.added", { output_index: index, item: outputItem(item, "in_progress") });
  if (item.type === "text") {
    const part = { ...at, content_index: 0 };
    send("response.content_part.added", {
      ...part,
      part: { type: "output_text", text: "", annotations: [] },
    });
    for (const delta of halves(item.text))
      send("response.output_text.delta", { ...part, delta, logprobs: [] });
    send("response.output_text.done", { ...part, text: item.text, logprobs: [] });
    send("response.content_part.done", {
      ...part,
      part: { type: "output_text", text: item.text, annotations: [] },
    });
  } else if (item.type === "function_call") {
    const text = JSON.stringify(item.arguments);
    for (const delta of halves(text)) send("response.function_call_arguments.delta", { ...at, delta });
    send("response.function_call_arguments.done", { ...at, name: item.name, arguments: text });
  } else {
    for (const delta of halves(item.input)) send("response.custom_tool_call_input.delta", { ...at, delta });
    send("response.custom_tool_call_input.done", { ...at, input: item.input });
  }
  send("response.output_item.done", { output_index: index, item: outputItem(item, "completed") });
}

function outputItem(item: ScriptedItem, status: "in_progress" | "completed"): object {
  const done = status === "completed";
  switch (item.type) {
    case "text":
      return {
        type: "message",
        id: item.id,
        role: "assistant",
        status,
        content: done ? [{ type: "output_text", text: item.text, annotations: [] }] : [],
      };
    case "function_call":
      return {
        type: "function_call",
        id: item.id,
        call_id: item.callId,
        name: item.name,
        arguments: done ? JSON.stringify(item.arguments) : "",
        status,
      };
    case "custom_tool_call":
      return {
        type: "custom_tool_call",
        id: item.id,
        call_id: item.callId,
        name: item.name,
        input: done ? item.input : "",
      };
  }
}

function halves(text: string): readonly string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((piece) => piece !== "");
}

/** A quarter of the characters, as a stand-in for tokens. */
function usageOf(body: RequestBody, output: readonly object[]): object {
  const input_tokens = Math.ceil(JSON.stringify(body.input).length / 4);
  const output_tokens = Math.ceil(JSON.stringify(output).length / 4);
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
  };
}

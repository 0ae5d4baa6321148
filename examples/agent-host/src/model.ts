/** The model: the official client, pointed at the real service or at the scripted one. */
import OpenAI from "openai";
import { startScriptedModel } from "./scripted-model/server.ts";

export interface Model {
  readonly client: OpenAI;
  readonly name: string;
  /** Whether a fixed conversation is played. */
  readonly scripted: boolean;
  close(): Promise<void>;
}

/** Uses the service when `OPENAI_API_KEY` is set (and `OPENAI_MODEL`, if a model is wanted), otherwise the script. */
export async function connectModel(env: NodeJS.ProcessEnv): Promise<Model> {
  const apiKey = env["OPENAI_API_KEY"];
  if (apiKey !== undefined && apiKey !== "") {
    const name = env["OPENAI_MODEL"] ?? "gpt-5.1-codex";
    return { client: new OpenAI({ apiKey }), name, scripted: false, close: () => Promise.resolve() };
  }
  const server = await startScriptedModel();
  return {
    client: new OpenAI({ apiKey: "none", baseURL: server.baseUrl, maxRetries: 0 }),
    name: "scripted-model",
    scripted: true,
    close: () => server.close(),
  };
}

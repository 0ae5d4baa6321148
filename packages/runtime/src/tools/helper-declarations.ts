/** The globals of a cell as a model is told about them. TypeScript that compiles together with the tools' declarations. */
export const HELPER_DECLARATIONS = `type ImageDetail = "auto" | "low" | "high" | "original";
/** Adds text to the output: strings and other primitives as they are, objects as JSON. */
declare function text(value: unknown): void;
/** Adds an image to the output: a data: URL, or an image block of an MCP result. detail is "high" unless given. */
declare function image(
  image:
    | string
    | { image_url: string; detail?: ImageDetail }
    | { type: "image"; data: string; mimeType: string; _meta?: { [key: string]: unknown } },
  detail?: ImageDetail,
): void;
/** Keeps a JSON value for later scripts, once this one has ended without being terminated. */
declare function store(key: string, value: unknown): void;
/** Reads what was stored under key, undefined when nothing was. */
declare function load(key: string): any;
/** Sends you a message at once, beside the output. */
declare function notify(value: unknown): void;
declare function setTimeout(callback: () => void, milliseconds?: number): number;
declare function clearTimeout(id?: number): void;
/** Hands you the output so far while the script goes on. */
declare function yield_control(): void;
/** Ends the script here, successfully. */
declare function exit(): never;
/** All tools, also those that are not declared below. */
declare const ALL_TOOLS: readonly { name: string; description: string }[];`;

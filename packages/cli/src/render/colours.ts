/** Colours and weights of text on a terminal. */
import { inspect } from "node:util";

const STYLES = ["blue", "bold", "cyan", "dim", "green", "magenta", "red", "yellow"] as const;

/** Each takes safe text, which may be styled in parts, and gives it styled. */
export type Colours = { readonly [Style in (typeof STYLES)[number]]: (text: string) => string };

/** The styles, or for a place without colours what leaves text as it is. */
export function colours(isColoured: boolean): Colours {
  const painters = STYLES.map((style) => [style, isColoured ? painter(style) : plain] as const);
  // One for each style.
  return Object.fromEntries(painters) as Colours;
}

function plain(text: string): string {
  return text;
}

function painter(style: keyof Colours): (text: string) => string {
  const [open, close] = (inspect.colors[style] ?? []).map((code) => `\u001b[${code}m`);
  if (open === undefined || close === undefined) return plain;
  // What ends a part of the text would end all of it: bold and dim have one end, and so have all colours.
  return (text) => (text === "" ? "" : open + text.replaceAll(close, close + open) + close);
}

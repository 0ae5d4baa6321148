/** Longer texts of the recording: what was said, scripts, JSON. */
import type { PageText } from "./data.ts";
import { button, el, recorded } from "./dom.ts";
import { groupedText } from "./format.ts";

/** Characters shown until somebody asks for the rest of what the page has. */
const FIRST_LOOK = 4_000;
/** Levels of JSON that are laid out. */
const JSON_DEPTH = 60;

/** A text with its title. `isTitled` is false where the title is said by what is around it. */
export function textView(text: PageText, isTitled: boolean = true): HTMLElement {
  const shown = text.kind === "json" ? laidOut(text.text) : text.text;
  const body = el("pre", `text kind-${text.kind}`);
  body.dir = "auto";
  const view = el("figure", "text-view", isTitled ? el("figcaption", "", text.title) : null, body);
  const fill = (characters: number): void => {
    body.replaceChildren(recorded(shown.slice(0, characters)));
  };
  fill(FIRST_LOOK);
  if (shown.length > FIRST_LOOK) {
    const more = button(
      `show ${groupedText(shown.length - FIRST_LOOK)} more characters`,
      "Show the rest",
      "more",
      () => {
        fill(shown.length);
        more.remove();
      },
    );
    view.append(more);
  }
  if (text.cut > 0) {
    view.append(
      el("p", "cut", `${groupedText(text.cut)} more characters are in the recording and not in this page`),
    );
  }
  return view;
}

/** JSON with a line for each field; what cannot be laid out stays as it is. */
function laidOut(json: string): string {
  try {
    return lines(JSON.parse(json), "", 0);
  } catch {
    return json;
  }
}

function lines(value: unknown, indent: string, depth: number): string {
  if (depth > JSON_DEPTH || typeof value !== "object" || value === null) return scalar(value, indent);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    if (value.every((entry) => typeof entry !== "object" && typeof entry !== "string"))
      return JSON.stringify(value);
    const entries = value.map((entry) => `${inner}${lines(entry, inner, depth + 1)}`);
    return `[\n${entries.join("\n")}\n${indent}]`;
  }
  const entries = Object.entries(value).map(
    ([key, entry]) => `${inner}${key}: ${lines(entry, inner, depth + 1)}`,
  );
  return entries.length === 0 ? "{}" : `{\n${entries.join("\n")}\n${indent}}`;
}

/** A text of several lines keeps them. */
function scalar(value: unknown, indent: string): string {
  if (typeof value !== "string" || !value.includes("\n")) return JSON.stringify(value);
  return `"""\n${value.replaceAll(/^/gm, `${indent}  `)}\n${indent}"""`;
}

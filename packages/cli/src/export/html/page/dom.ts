/**
 * Elements. The only way by which text gets into the page, and it gets there as text: there is no function here that takes
 * markup, and the page's policy would refuse one.
 */

export type Child = Node | string | null;

/** Our own words, or elements. For words of the recording: `recorded`. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string = "",
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/** A button that says what it does to those who cannot see it. */
export function button(
  text: string,
  title: string,
  className: string,
  onPress: () => void,
): HTMLButtonElement {
  const made = el("button", className, text);
  made.type = "button";
  made.title = title;
  made.setAttribute("aria-label", title);
  made.addEventListener("click", onPress);
  return made;
}

/**
 * Characters that would hide or reorder text or that no font shows: control characters but for line break and tab, bidirectional
 * controls, zero-width characters, tags, separators and lone surrogates.
 */
const UNSEEN =
  // oxlint-disable-next-line no-control-regex -- these are the characters that are to be seen
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** Escapes shown as elements of their own in one text; what is beyond is shown as text. */
const MARKED_ESCAPES = 400;

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x1b) return "␛";
  if (code === 0x0d) return "␍";
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u{${code.toString(16).padStart(4, "0")}}`;
}

/** Words of the recording as one line of plain text, for places that take no elements. */
export function plain(text: string): string {
  return text.replace(UNSEEN, escapeOf);
}

/** Words of the recording, with what nobody would see made visible. */
export function recorded(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  let place = 0;
  let marked = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (marked === MARKED_ESCAPES) break;
    if (match.index > place) fragment.append(text.slice(place, match.index));
    fragment.append(el("span", "escape", escapeOf(match[0])));
    place = match.index + match[0].length;
    marked += 1;
  }
  if (place < text.length)
    fragment.append(place === 0 && marked === 0 ? plain(text) : plain(text.slice(place)));
  return fragment;
}

/** Recorded words in an element that keeps their direction to itself. */
export function quoted(className: string, text: string): HTMLElement {
  const element = el("bdi", className);
  element.append(recorded(text));
  return element;
}

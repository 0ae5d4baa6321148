/** The recorded events behind an object, each with what it says and excerpts of the payloads it names. */
import type { Blocks } from "./blocks.ts";
import type { PageEvent } from "./data.ts";
import { button, el, quoted } from "./dom.ts";
import { bytesText, countText, durationText } from "./format.ts";
import { textView } from "./text-view.ts";

/** Events that are open from the start: most objects have two or three. */
const OPEN_EVENTS = 3;

export function evidenceView(
  blocks: Blocks,
  seqs: readonly number[],
  options: { readonly more: number; readonly onSeq: (seq: number) => void },
): HTMLElement {
  const view = el("div", "evidence");
  seqs.forEach((seq, index) => {
    if (options.more > 0 && index === seqs.length / 2) {
      view.append(el("p", "cut", `${countText(options.more, "event")} in between`));
    }
    const body = el("div", "event-body");
    const head = el("summary", "", el("b", "seq", `seq ${seq}`));
    const event = el("details", "record", head, body);
    view.append(event);
    let isFilled = false;
    const open = (): void => {
      if (isFilled) return;
      isFilled = true;
      void blocks.event(seq).then((found) => fillEvent(body, found));
    };
    void blocks.event(seq).then((found) => {
      if (found === undefined) return;
      head.append(
        quoted("event-type", found.type),
        el("span", "event-time", found.at === null ? "" : `+${durationText(Math.max(0, found.at))}`),
        button("#", `The address of the event with seq ${seq}`, "link", () => options.onSeq(seq)),
      );
    });
    event.addEventListener("toggle", () => {
      if (event.open) open();
    });
    if (index < OPEN_EVENTS) {
      event.open = true;
      open();
    }
  });
  return view;
}

function fillEvent(body: HTMLElement, event: PageEvent | undefined): void {
  if (event === undefined) {
    body.replaceChildren(el("p", "problem-text", "the recording has no readable event with this seq"));
    return;
  }
  body.replaceChildren(
    textView(event.body, false),
    ...event.payloads.map((payload) =>
      el(
        "div",
        "payload",
        el(
          "div",
          "payload-head",
          quoted("payload-id", payload.id),
          " ",
          quoted("", payload.kind),
          ` ${bytesText(payload.bytes)}`,
        ),
        payload.text === null
          ? el("p", "problem-text", quoted("", payload.problem ?? ""))
          : textView(payload.text, false),
      ),
    ),
  );
}

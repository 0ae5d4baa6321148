/** What is wrong with the recording and what is worth a look, before anything else. */
import { el, quoted } from "./dom.ts";
import { countText, wordsOf } from "./format.ts";
import type { Chosen, Model } from "./model.ts";
import { VirtualList } from "./virtual-list.ts";

/** Lines in sight: more would push the rest out of it. The list scrolls. */
const SHOWN_PROBLEMS = 4;
const PROBLEM_HEIGHT = 24;

export function problemsView(model: Model, onPick: (chosen: Chosen) => void): HTMLElement | null {
  const { problems } = model.index;
  if (problems.length === 0) return null;
  const list = new VirtualList({
    label: "Problems",
    role: "listbox",
    height: PROBLEM_HEIGHT,
    render(row, index) {
      const problem = problems[index];
      if (problem === undefined) return;
      row.classList.add("problem", problem.severity);
      row.append(
        el("span", `pill ${problem.severity}`, problem.severity),
        el("b", "code", wordsOf(problem.code)),
        problem.seq === null ? "" : el("span", "cut", `seq ${problem.seq}`),
        problem.node === -1
          ? ""
          : el("span", "cut", quoted("", `${model.label(problem.node)} ${model.agentPath(problem.node)}`)),
        quoted("message", problem.message),
      );
    },
    onPick(index, isChosen) {
      const problem = problems[index];
      if (problem === undefined || !isChosen) return;
      if (problem.node !== -1) onPick({ type: "node", node: problem.node });
      else if (problem.seq !== null) onPick({ type: "event", seq: problem.seq });
    },
  });
  const counts = (["error", "warning", "finding"] as const)
    .map(
      (severity) => [severity, problems.filter((problem) => problem.severity === severity).length] as const,
    )
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => el("span", `pill ${severity}`, countText(count, severity)));
  const view = el("details", "problems", el("summary", "", ...counts), list.element);
  list.element.style.height = `${Math.min(problems.length, SHOWN_PROBLEMS) * PROBLEM_HEIGHT + 2}px`;
  view.addEventListener("toggle", () => list.reset(problems.length));
  view.open = true;
  return view;
}

/** Records into a file that this user may not write, and prints what the host noticed of it. */
import { openTraceStore } from "@rollout-trace/trace";

const nobody = 65534;
if (process.getuid?.() === 0) process.setuid?.(nobody);
const codes: string[] = [];
const store = openTraceStore({ path: process.argv[2] ?? "", onError: ({ code }) => codes.push(code) });
const turn = store.startRollout().startTurn();
const result = turn.traceTool({ kind: { type: "web" } }, () => "the host's result");
store.close();
process.stdout.write(JSON.stringify({ result, codes }));

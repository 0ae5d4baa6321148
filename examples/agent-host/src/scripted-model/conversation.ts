/**
 * What the scripted model says. Each agent has a list of steps; a step is what one response contains. Which step comes next
 * depends only on the request: the first one that the conversation does not contain yet.
 */

export type ScriptedItem =
  | { readonly type: "text"; readonly id: string; readonly text: string }
  | {
      readonly type: "function_call";
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      readonly arguments: object;
    }
  | {
      readonly type: "custom_tool_call";
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      readonly input: string;
    };

export type ScriptedStep = readonly ScriptedItem[];

function exec(callId: string, input: string): ScriptedItem {
  return { type: "custom_tool_call", id: `ctc_${callId}`, callId, name: "exec", input };
}

function call(callId: string, name: string, args: object): ScriptedItem {
  return { type: "function_call", id: `fc_${callId}`, callId, name, arguments: args };
}

function say(id: string, text: string): ScriptedItem {
  return { type: "text", id: `msg_${id}`, text };
}

const READ_IN_PARALLEL = `const names = ["apples.txt", "pears.txt", "plums.txt"];
const files = await Promise.all(
  names.map((name) => tools.filesystem__read_text_file({ path: name })),
);
const counts = files.map((file) => Number(/\\d+/.exec(file.content[0].text)[0]));
const sum = await tools.everything__get_sum({ a: counts[0] + counts[1], b: counts[2] });
store("counts", Object.fromEntries(names.map((name, index) => [name, counts[index]])));
text(sum.content[0].text);`;

const LONG_WORK = `text("starting");
notify("this takes a moment");
yield_control();
const done = await tools.everything__trigger_long_running_operation({ duration: 0.4, steps: 2 });
text(done.content[0].text);`;

const NEVER_ENDS = `// @exec: {"yield_time_ms": 100}
text("polling");
for (;;) await new Promise((resolve) => setTimeout(resolve, 20));`;

const BROKEN = `const counts = load("counts");
text("before the mistake");
counts.apples.toFixed(2);`;

const LOAD = `const counts = load("counts");
const most = Object.entries(counts).sort((a, b) => b[1] - a[1])[0];
text(\`most of: \${most[0]} (\${most[1]})\`);`;

const CHILD_COUNT = `const listing = await tools.filesystem__list_directory({ path: "." });
const files = listing.content[0].text.split("\\n").filter((line) => line.startsWith("[FILE]"));
text(\`\${files.length} files\`);`;

const ROOT_STEPS: readonly ScriptedStep[] = [
  [say("plan", "I will look at the folder first."), call("call_list", "list_directory", { path: "." })],
  [exec("call_parallel", READ_IN_PARALLEL)],
  [exec("call_long", LONG_WORK)],
  [call("call_wait", "wait", { cell_id: "2" })],
  [exec("call_forever", NEVER_ENDS)],
  [call("call_cancel", "wait", { cell_id: "3", terminate: true })],
  [exec("call_broken", BROKEN)],
  [say("first_answer", "There are 42 pieces of fruit; the polling cell was stopped.")],
  [exec("call_load", LOAD)],
  [
    call("call_spawn", "spawn_agent", {
      task_name: "count_files",
      message: "Count the files in the folder and report the number.",
    }),
  ],
  [call("call_wait_agent", "wait_agent", { task_name: "count_files" })],
  [say("last_answer", "Most are plums (20); the helper counted 3 files.")],
];

const CHILD_STEPS: readonly ScriptedStep[] = [
  [exec("call_count", CHILD_COUNT)],
  [say("report", "The folder holds 3 files.")],
];

const STEPS: ReadonlyMap<string, readonly ScriptedStep[]> = new Map([
  ["/root", ROOT_STEPS],
  ["/root/count_files", CHILD_STEPS],
]);

/** The next step of an agent, given the ids of the items that its request contains. */
export function nextStep(agentPath: string, seenIds: ReadonlySet<string>): ScriptedStep {
  const steps = STEPS.get(agentPath) ?? [];
  return (
    steps.find((step) => step.every((item) => !seenIds.has(item.id))) ?? [say("idle", "Nothing left to do.")]
  );
}

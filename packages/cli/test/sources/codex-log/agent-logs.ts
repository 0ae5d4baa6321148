/** The logs of a root that works with one agent, a scout. */
import { CHILD, LogBuilder, ROOT } from "./log-builder.ts";

export const CHILD_TURN = "019d7e01-0000-7000-8000-00000000000b";

export const spawnedBy = (parent: string, more: object = {}) => ({
  id: CHILD,
  parent_thread_id: parent,
  source: {
    subagent: { thread_spawn: { parent_thread_id: parent, depth: 1, agent_path: "/root/scout", ...more } },
  },
});

/** A root that spawns a scout, sends it a message and gets its answer. */
export function parentLog(): LogBuilder {
  return new LogBuilder()
    .meta()
    .begin("t1")
    .user("go")
    .call("spawn_agent", { task_name: "scout", message: "look around" }, "c1")
    .tokens(1)
    .event("sub_agent_activity", {
      event_id: "c1",
      agent_thread_id: CHILD,
      agent_path: "/root/scout",
      kind: "started",
    })
    .output("c1", '{"task_name":"/root/scout"}')
    .call("send_message", { target: "/root/scout", message: "and count" }, "c2")
    .tokens(1)
    .output("c2", "")
    .wait(1000)
    .item({
      type: "agent_message",
      author: "/root/scout",
      recipient: "/root",
      content: [
        {
          type: "input_text",
          text: "Message Type: FINAL_ANSWER\nTask name: /root\nSender: /root/scout\nPayload:\nall good",
        },
      ],
    })
    .says("done")
    .tokens(1)
    .end("t1");
}

export function childLog(): LogBuilder {
  const message = (text: string) => ({
    type: "agent_message",
    author: "/root",
    recipient: "/root/scout",
    content: [
      {
        type: "input_text",
        text: "Message Type: NEW_TASK\nTask name: /root/scout\nSender: /root\nPayload:\n",
      },
      { type: "encrypted_content", encrypted_content: text },
    ],
  });
  return new LogBuilder()
    .wait(100)
    .meta(spawnedBy(ROOT))
    .begin(CHILD_TURN)
    .item(message("look around"))
    .wait(100)
    .item(message("and count"))
    .says("all good")
    .tokens(5)
    .end(CHILD_TURN);
}

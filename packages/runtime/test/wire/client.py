"""A client of code-mode-host written from docs/code-mode-host.md alone: runs a cell that calls a tool, waits for it, shuts down.

client.py COMMAND [ARGUMENT...]: prints as JSON what it saw.
"""
import json
import struct
import subprocess
import sys

host = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
seen = {"events": [], "calls": [], "notifications": [], "responses": {}}


def send(message):
    body = json.dumps(message, ensure_ascii=False).encode("utf-8")
    host.stdin.write(struct.pack("<I", len(body)) + body)
    host.stdin.flush()


def receive():
    (length,) = struct.unpack("<I", host.stdout.read(4))
    return json.loads(host.stdout.read(length).decode("utf-8"))


def request(number, operation):
    """Sends a request and deals with whatever comes until its response does."""
    send({"type": "request", "id": number, "session": 1, "operation": operation})
    while True:
        message = receive()
        kind = message["type"]
        if kind == "response" and message["id"] == number:
            seen["responses"][operation["type"]] = message["result"]
            return message["result"]
        if kind == "event":
            seen["events"].append(message["event"]["type"])
        elif kind == "invoke_tool":
            invocation = message["invocation"]
            seen["calls"].append(invocation)
            answer = {"ok": True, "value": {"greeting": "grüße, " + invocation["input"]["name"]}}
            if invocation["toolName"]["name"] == "fail":
                answer = {"ok": False, "error": "no such luck"}
            send({"type": "call_answered", "call": message["call"], "answer": answer})
        elif kind == "notify":
            seen["notifications"].append(message["notification"]["text"])
            send({"type": "call_answered", "call": message["call"], "answer": {"ok": True, "value": None}})


send({"type": "hello", "protocol": 1, "name": "client.py", "version": "1", "capabilities": []})
hello = receive()
assert hello["type"] == "hello" and hello["protocol"] == 1, hello
seen["host"] = hello["name"]
send({"type": "open_session", "session": 1, "firstCell": 1, "firstWait": 1, "observed": True})
tools = [
    {"name": name, "toolName": {"name": name}, "description": "", "kind": "function"} for name in ("greet", "fail")
]
send({"type": "define_tools", "toolset": 1, "tools": tools})
source = """
const { greeting } = await tools.greet({ name: "wörld" });
text(greeting);
notify("half");
yield_control();
try { await tools.fail({ name: "x" }) } catch (error) { text(error.message ?? String(error)) }
"""
request(1, {"type": "execute", "toolCallId": "call_1", "source": source, "toolset": 1, "yieldTimeMs": 60000})
request(2, {"type": "wait", "cellId": "1", "toolCallId": "call_2"})
request(3, {"type": "terminate", "cellId": "7"})
request(4, {"type": "shutdown"})
host.stdin.close()
seen["ended"] = host.wait()
json.dump(seen, sys.stdout)

import { ProcessSessionProvider } from "../../src/remote/index.ts";
import { describeHostileScripts } from "../isolate/hostile-suite.ts";
import { scriptRunner } from "../session/run-script.ts";
import { describeSessionContract } from "../session/session-contract.ts";

describeSessionContract("in a child process", () => new ProcessSessionProvider());

describeHostileScripts("in a child process", scriptRunner(new ProcessSessionProvider()));

import { runScript } from "../session/run-script.ts";
import { describeHostileScripts } from "./hostile-suite.ts";

describeHostileScripts("in process", runScript);

import { InProcessSessionProvider } from "../../src/index.ts";
import { describeSessionContract } from "./session-contract.ts";

describeSessionContract("in process", () => new InProcessSessionProvider({ abortGraceMs: 200 }));

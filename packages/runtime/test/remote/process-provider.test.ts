import { ProcessSessionProvider } from "../../src/remote/index.ts";
import { describeSessionContract } from "../session/session-contract.ts";

describeSessionContract("in a child process", () => new ProcessSessionProvider());

import { reopenStage } from "../stage/handle.ts";

/** A nanos that commits, to be killed on the way. */
const [, , stage = "", undo = ""] = process.argv;
const failure = await reopenStage(stage)?.commit(undo);
if (failure) process.stdout.write(failure.message);

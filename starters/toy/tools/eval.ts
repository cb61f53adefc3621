import { fail, tool, z } from "nanos/tool";

/** Here to be refused: rules.yaml denies it, and were the rule gone it would still run nothing. */
export default tool({
  name: "eval",
  description: "Would run text as code. It is denied by a rule; use calculate.",
  input: z.object({ code: z.string() }),
  args: { code: "control" },
  run: () => fail("Text is never run as code.", "Use calculate."),
});

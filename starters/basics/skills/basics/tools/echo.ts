import { tool, z } from "nanos/tool";

export default tool({
  name: "echo",
  description: "Gives a text back unchanged, with the time it was said.",
  input: z.object({ text: z.string().describe("What to repeat.") }),
  output: z.object({ echoed: z.string(), timestamp: z.string() }),
  args: { text: "content" },
  repeatable: true,
  run: ({ text }, ctx) => ({ echoed: text, timestamp: new Date(ctx.now).toISOString() }),
});

import { tool, z } from "nanos/tool";

export default tool({
  name: "count_words",
  description: "Counts the words of a text.",
  input: z.object({ text: z.string() }),
  scopes: [],
  repeatable: true,
  run: async ({ text }) => text.split(/\s+/u).filter(Boolean).length,
});

import { tool, z } from "nanos/tool";
import { fetchPage, partOf } from "../lib/page.ts";

const PART_CHARS = 30_000;

export default tool({
  name: "web_fetch",
  description:
    "Reads a page and gives it as Markdown, headed by its title and address. Long pages come in " +
    "parts: ask for the next one with `part`.",
  input: z.object({
    url: z.string().max(2_000).describe("Address of the page, http or https."),
    part: z.number().int().min(1).max(1_000).default(1),
  }),
  scopes: ["net:*"],
  args: { url: "destination", part: "content" },
  repeatable: true,
  reads: true,
  returns: { secrecy: "public" },
  run: async ({ url, part }, ctx) => partOf(await fetchPage(url, ctx), part, PART_CHARS),
});

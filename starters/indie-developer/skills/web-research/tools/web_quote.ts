import { tool, z } from "nanos/tool";
import { fetchPage, passages } from "../lib/page.ts";

const MAX_PASSAGES = 10;

export default tool({
  name: "web_quote",
  description:
    "Finds the passages of a page that hold all the given words, and gives them exactly as they " +
    "stand there, each with the heading it stands under.",
  input: z.object({
    url: z.string().max(2_000).describe("Address of the page, http or https."),
    words: z.string().min(1).max(200).describe("Words the passage must hold, e.g. ref prop."),
  }),
  scopes: ["net:*"],
  args: { url: "destination", words: "content" },
  repeatable: true,
  reads: true,
  returns: { secrecy: "public" },
  async run({ url, words }, ctx) {
    const page = await fetchPage(url, ctx);
    const found = passages(page.text, words, MAX_PASSAGES);
    return { url: page.url, title: page.title, passages: found };
  },
});

import { type Journey, runIn } from "../support/journey.ts";
import { startPage } from "../support/page.ts";

const REQUEST = "What's new in the React 19 RC, and update the dashboard notes";
const PAGE = `<html><head><title>React 19 RC</title></head><body><h1>React 19 RC</h1>
<p>Actions handle pending states, errors and optimistic updates.</p>
<p>The use API reads resources in render.</p></body></html>`;

export const journey: Journey = {
  name: "indie-developer",
  title: "An indie developer's daily driver",
  walk: async ({ says, types, shows }) => {
    says(`An oracle that keeps the notes, and a researcher that reads the web for it. What the routes
recognise needs no model at all.`);
    await types("nanos init --from indie-developer");
    const tidied = runIn(await types(["nanos", "run", "tidy today's notes"]));
    await types(["nanos", "trace", "show", tidied]);
    says(`## One sentence, two agents

A recorded model plays the oracle and the researcher here; the page is one of this machine's own, so
that the walk needs no network. The host is named once, and from then on the researcher may reach
it without asking.`);
    await types("nanos model use recorded");
    const page = await startPage(PAGE);
    try {
      await types(["nanos", "grant", "add", "web", "--net", page.host]);
      const run = runIn(await types(["nanos", "run", REQUEST]));
      shows("notes/dashboard.md");
      says("Who did what, where it ran and what was decided:");
      await types(["nanos", "trace", "show", run]);
      await page.close();
      says(
        "The page is gone by now. The run can be driven again all the same, from its record alone:",
      );
      await types(["nanos", "trace", "replay", run]);
      await types("nanos trace verify");
    } finally {
      await page.close();
    }
  },
};

import { type Journey, runIn } from "../support/journey.ts";

export const journey: Journey = {
  name: "basics",
  title: "Basics: two tools, and how everything fits together",
  walk: async ({ says, types }) => {
    says(`One agent, one skill of two tools that reach nothing, and routes that say what a request means
when there is no model. It is the one to read first: every file of it fits on a screen.`);
    await types("nanos init --from basics");
    await types("nanos run 'what is (2 + 3) * 4?'");
    says(
      "A tool can be called without an agent as well; it passes the same gate, in a run of its own:",
    );
    await types(["nanos", "tool", "call", "calculate", '{"operation":"divide","a":1,"b":0}']);
    const said = await types(["nanos", "tool", "call", "calculate", '{"expression":"6 * 7"}']);
    says("## The receipt");
    await types(["nanos", "trace", "show", runIn(said)]);
    await types("nanos trace verify");
  },
};

import { type Journey, runIn } from "../support/journey.ts";

export const journey: Journey = {
  name: "holly",
  title: "Holly: one agent, to begin from",
  walk: async ({ says, types, shows, edits }) => {
    says(`Holly is an agent and nothing else: no tools, no skills, so that what she can do is what you
give her. She comes as one file.`);
    await types("nanos init --from holly");
    shows(".nano-os/agents/holly.md");
    says(`A recorded model plays a few answers, so that she can be met with no model at all. Yours
takes its place with \`nanos model add\` and \`nanos model use\`.`);
    await types("nanos model use recorded");
    await types("nanos", ["Hello, Holly", "where do you run?", "check my mail"]);
    says("What is a secret does not belong in a conversation:");
    const run = runIn(await types(["nanos", "run", "Holly, can you keep a password for me?"]));
    await types(["nanos", "trace", "show", run]);
    says("## She is yours");
    says("Change her file, and she is changed at the next request:");
    edits(".nano-os/agents/holly.md", "Be concise:", "Speak like a sailor, and be concise:");
    await types("nanos agent show holly");
    await types("nanos trace verify");
    await types(["nanos", "trace", "replay", run]);
  },
};

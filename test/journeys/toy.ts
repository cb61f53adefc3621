import { type Journey, runIn } from "../support/journey.ts";

export const journey: Journey = {
  name: "toy",
  title: "The toy: routes, receipts and a memory of ten messages",
  walk: async ({ says, types }) => {
    says(`The smallest arrangement that shows the whole pattern: a request is routed, a tool runs in
the sandbox, and what was decided can be read afterwards. It needs no model and no network.`);
    await types("nanos init --from toy");
    says(`A session reads lines, each a request. \`trace\` tells what the gate decided in the run before,
\`memory\` what was said so far.`);
    const said = await types("nanos", ["calculate 2 + 2", "echo hello world", "trace", "memory"]);
    says(`## The receipt

Every run has a trace: what was wanted, what the gate said, where it ran, and how long it took.`);
    const [first] = /r1\w{14}/u.exec(said.slice(said.indexOf("tool call"))) ?? [""];
    await types(["nanos", "trace", "show", first]);
    says(
      "The record is a chain; nobody can change it unseen. It can be driven again without any tool:",
    );
    await types("nanos trace verify");
    await types(["nanos", "trace", "replay", first]);
    says(`## Text is never run as code

The toy has a tool that would run text as code, to show what comes of it: a rule denies it, and the
denial is on the record. What calculates in its place reads the text and runs nothing; see
[the safe calculator](../safe-calculator.md).`);
    const refused = runIn(await types(["nanos", "run", "eval 2 + 2"]));
    await types(["nanos", "why", `${refused}.2`]);
    await types(["nanos", "run", "calculate (2 + 3) * 4 / 0"]);
    says(`## Ten messages and no more

\`limits.messages\` in \`arrangement.yaml\` says how much of a conversation is given with a request. What
is older is left out, and the one who reads is told so. That holds for a model as well: the recorded
one is told a name, and cannot repeat it after ten more messages.`);
    await types("nanos", [...Array.from({ length: 7 }, (_, i) => `echo ${i + 1}`), "memory"]);
    await types("nanos model use recorded");
    const small = Array.from({ length: 5 }, (_, i) => `one more thing, number ${i + 1}`);
    const asked = "what did I tell you about my cat";
    await types("nanos", ["my cat is Minka", asked, ...small, asked]);
    says(
      "A model meets the same wall as a person who types, and can do the same in the right way:",
    );
    await types("nanos", ["run the code 6 * 7", "work it out safely: 6 * 7"]);
  },
};

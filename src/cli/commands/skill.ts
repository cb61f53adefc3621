import { arg, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { skillLines, skillTable } from "../render/trust.ts";

export const command: Command = {
  name: "skill",
  summary: "what agents can be given: skills, servers, single tools",
  example: "nanos skill show web",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all of them, with their grants",
      example: "nanos skill list --json",
      run: async (context) => {
        const skills = await (await context.nanos()).skills.list();
        await show(context, skills, () => skillTable(skills, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "what one may do, and what changed since it was granted",
      example: "nanos skill show web",
      args: [{ name: "SKILL", about: "the skill", required: true, offers: "skills" }],
      run: async (context, input) => {
        const view = await (await context.nanos()).skills.show(arg(input, "SKILL"));
        await show(context, view, () => skillLines(view));
        return EXIT.succeeded;
      },
    },
  ],
};

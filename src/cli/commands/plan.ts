import { arg, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { planLines } from "../render/missions/plan.ts";
import { type Line, span } from "../render/line.ts";

const PLAN = { name: "PLAN", about: "a plan's name, or its file", required: true } as const;

export const command: Command = {
  name: "plan",
  summary: "plans of missions: what is there, what is wrong, what it looks like",
  example: "nanos plan show plans/release.yaml",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "plans of the arrangement",
      example: "nanos plan list --json",
      run: async (context) => {
        const plans = await (await context.nanos()).missions.plans();
        await show(context, plans, () =>
          plans.length === 0 ? ["No plans. They lie in plans/NAME.yaml."] : plans,
        );
        return EXIT.succeeded;
      },
    },
    {
      name: "check",
      summary: "what is wrong with a plan, with line and reason",
      example: "nanos plan check plans/release.yaml",
      args: [{ ...PLAN, offers: "files" }],
      run: async (context, input) => {
        const report = await (await context.nanos()).missions.check(arg(input, "PLAN"));
        await show(context, report, () =>
          report.ok
            ? [[span("fine ", "green"), report.path]]
            : report.problems.map(({ file, line, text }): Line => [
                span(`${file}:${line}: `, "red"),
                text,
              ]),
        );
        return report.ok ? EXIT.succeeded : EXIT.usage;
      },
    },
    {
      name: "show",
      summary: "a plan, drawn, with its rank and what it could use at most",
      example: "nanos plan show release",
      args: [{ ...PLAN, offers: "files" }],
      run: async (context, input) => {
        const view = await (await context.nanos()).missions.plan(arg(input, "PLAN"));
        await show(context, view, () => planLines(view, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
  ],
};

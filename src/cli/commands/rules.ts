import { resolve } from "node:path";
import type { Simulation, SimulatedLine, Suggestion } from "../../contracts/question.ts";
import { arg, type Command, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { ruleLines } from "../render/ask.ts";
import { type Line, span, type Style } from "../render/line.ts";
import { table } from "../render/table.ts";
import { count } from "../render/words.ts";

export const command: Command = {
  name: "rules",
  summary: "try out rules before they count; changes no file",
  example: "nanos rules simulate rules.yaml",
  alone: "suggest",
  subs: [
    {
      name: "suggest",
      summary: "rules and grants your own answers point to, as a diff",
      example: "nanos rules suggest a7f3",
      args: [{ name: "ASK", about: "the rule that says never to this ask", offers: "asks" }],
      run: async (context, input) => {
        const { rules } = await context.nanos();
        const ask = input.args["ASK"];
        const found = ask === undefined ? rules.suggest() : [rules.never(ask)];
        await show(context, found, () =>
          found.length === 0
            ? ["Nothing to suggest: no answer was given often enough."]
            : [...found.flatMap((one) => [...suggestionLines(one), ""]), NOT_APPLIED],
        );
        return EXIT.succeeded;
      },
    },
    {
      name: "test",
      summary: "a rules file against its own examples, and a file of cases",
      example: "nanos rules test rules.yaml cases.yaml",
      args: [
        { name: "FILE", about: "the rules", required: true, offers: "files" },
        { name: "CASES", about: "made-up actions and what they should come to", offers: "files" },
      ],
      run: async (context, input) => {
        const { rules } = await context.nanos();
        const cases = input.args["CASES"];
        const report = await rules.test(
          fileIn(context.options.cwd, arg(input, "FILE")),
          ...(cases === undefined ? [] : [fileIn(context.options.cwd, cases)]),
        );
        const counts = `${count(report.rules, "rule")}, ${count(report.cases, "case")}`;
        await show(context, report, () => [
          ...report.problems.map((one): Line => [span("✗ ", "red"), `${one.id}: ${one.sentence}`]),
          report.ok
            ? [span("ok ", "green"), counts]
            : [span(`${count(report.problems.length, "problem")} `, "red"), `in ${counts}`],
        ]);
        return report.ok ? EXIT.succeeded : EXIT.failed;
      },
    },
    {
      name: "simulate",
      summary: "a rules file against all that was ever judged here",
      example: "nanos rules simulate rules.yaml",
      args: [{ name: "FILE", about: "the rules", required: true, offers: "files" }],
      run: async (context, input) => {
        const { rules } = await context.nanos();
        const found = await rules.simulate(fileIn(context.options.cwd, arg(input, "FILE")));
        await show(context, found, () => simulationLines(found, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
  ],
};

/** A suggestion as the change it would be; a rule as a diff to rules.yaml. */
function suggestionLines(suggestion: Suggestion): readonly Line[] {
  if (suggestion.kind === "grant")
    return [suggestion.says, [span(`  ${suggestion.command}`, "bold")]];
  const before = suggestion.was === null ? [] : ruleLines(suggestion.was);
  const after = ruleLines(suggestion.rule);
  const kept = new Set(before.filter((line) => after.includes(line)));
  const gone = before.filter((line) => !kept.has(line));
  return [
    suggestion.says,
    [span("--- rules.yaml", "dim")],
    [span("+++ rules.yaml", "dim")],
    ...gone.map(sign("-", "red")),
    ...after.map((line) => (kept.has(line) ? ` ${line}` : sign("+", "green")(line))),
  ];
}

function sign(mark: string, style: Style): (line: string) => Line {
  return (line) => [span(`${mark}${line}`, style)];
}

const NOT_APPLIED: Line = [span("Nothing was changed. Put in what you want yourself.", "dim")];

function fileIn(cwd: string | undefined, file: string): string {
  return resolve(cwd ?? ".", file);
}

function simulationLines(found: Simulation, width: number): readonly Line[] {
  const { denied, asked, allowed, judged, unknown, lines } = found;
  const rest = denied + asked + allowed - lines.length;
  return [
    `${count(judged, "action")} judged: ${denied} would have been denied, ${asked} asked about, ${allowed} newly allowed.`,
    ...(lines.length === 0 ? [] : ["", ...table(COLUMNS, lines, width)]),
    ...(rest > 0 ? [[span(`and ${rest} more`, "dim")] as Line] : []),
    "",
    ...(unknown > 0 ? [[span(`${unknown} were erased and can't be judged.`, "dim")] as Line] : []),
    [span("Judged as recorded; what would have followed from another answer is not known.", "dim")],
  ];
}

const STYLES: Readonly<Record<SimulatedLine["now"], Style>> = {
  deny: "red",
  ask: "yellow",
  allow: "green",
};

const COLUMNS = [
  { title: "step", text: ({ step }: SimulatedLine) => step },
  { title: "was", text: ({ was }: SimulatedLine) => was },
  {
    title: "now",
    text: ({ now }: SimulatedLine) => now,
    style: ({ now }: SimulatedLine) => STYLES[now],
  },
  { title: "rule", text: ({ rule }: SimulatedLine) => rule ?? "-" },
  { title: "who wanted what", text: ({ agent, name }: SimulatedLine) => `${agent}: ${name}` },
];

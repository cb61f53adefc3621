import type { PatchView } from "../../contracts/outcome.ts";
import { plainText } from "../../std/text.ts";
import { arg, type Command, flag, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { target } from "../render/args.ts";
import { MARK } from "../render/call-tree.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import { wrap } from "../render/width.ts";
import { count } from "../render/words.ts";

export const command: Command = {
  name: "patch",
  summary: "what a run made of its copy of a repository",
  example: "nanos patch r1k3f9x2ab7qz0m | git apply",
  args: [{ name: "RUN", about: "the run", required: true, offers: "runs" }],
  options: [{ flag: "--mail", about: "as a mail that git am takes: a commit of its own" }],
  run: async (context, input) => {
    const { terminal, json } = context;
    const view = (await context.nanos()).traces.patch(arg(input, "RUN"));
    const code = view.patch === "" ? EXIT.failed : EXIT.succeeded;
    if (json) {
      await show(context, view, () => []);
      return code;
    }
    const width = Math.min(terminal.columns, 100);
    terminal.err(paintAll(aboutPatch(view, width), terminal.color("err")));
    // To a program it goes byte for byte, as it is to be applied.
    const text = flag(input, "--mail") ? view.mail : view.patch;
    terminal.out(terminal.outTty ? plainText(text) : text);
    return code;
  },
};

/** Its summary and files; where it failed what was tried, the newest last. */
function aboutPatch(view: PatchView, width: number): readonly Line[] {
  const { run, agent, model, outcome, summary, files, turns, calls, failure, commit } = view;
  const counted = `${count(turns, "turn")}, ${count(calls.length, "tool call")}`;
  const against = commit === null ? "no patch" : `against ${commit.slice(0, 12)}`;
  return [
    [span(run, "bold"), `  ${agent} on ${model}  ${outcome}, ${counted}, ${against}`],
    ...wrap(summary, width),
    ...files.map(({ path, kind }): Line => [`  ${path}  `, span(kind, "dim")]),
    ...(failure ? diagnosis(view, failure.message, width) : []),
    ...(failure?.next === undefined ? [] : [[span(failure.next, "yellow")] as Line]),
  ];
}

function diagnosis({ calls }: PatchView, why: string, width: number): readonly Line[] {
  const shown = calls.slice(-MOST_CALLS);
  const left = calls.length - shown.length;
  const last = shown.at(-1);
  return [
    [span(why, "red")],
    ...(left > 0 ? [[span(`  … ${count(left, "earlier call")}`, "dim")] as Line] : []),
    ...shown.map(({ name, args, status }): Line => {
      const { sign, style } = MARK[status];
      return [
        span(`  ${sign} `, style),
        name,
        ` ${target({ kind: "tool", name, args, destinations: [] })}`,
      ];
    }),
    ...(last ? wrap(`the last call said: ${last.says}`, width).slice(0, MOST_LINES) : []),
  ];
}

const MOST_CALLS = 12;
const MOST_LINES = 12;

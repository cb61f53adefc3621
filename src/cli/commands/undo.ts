import type { Outward, UndoFile, UndoView } from "../../contracts/undo.ts";
import { visibleText } from "../../std/text.ts";
import { arg, type Command, type Context, flag, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { follow, watcherOf } from "../follow.ts";
import { changeLines } from "../render/change.ts";
import { type Line, paintAll, span, type Style } from "../render/line.ts";
import { fitLine } from "../render/width.ts";
import { count } from "../render/words.ts";
import { ready } from "../setup.ts";

export const command: Command = {
  name: "undo",
  summary: "bring back what a step or run changed or deleted",
  example: "nanos undo r1k3f9x2ab7qz0m.4 --dry-run",
  args: [
    { name: "STEP|RUN", about: "a step, RUN.N, or a whole run", required: true, offers: "steps" },
  ],
  options: [{ flag: "--dry-run", about: "show what it would do, and what it cannot" }],
  run: async (context, input) => {
    const of = arg(input, "STEP|RUN");
    const nanos = await ready(context);
    const view = nanos.undo.plan(of);
    if (flag(input, "--dry-run")) {
      await show(context, view, () => undoLines(view, context.terminal.columns));
      return EXIT.succeeded;
    }
    if (!context.json) tell(context, view);
    const watcher = await watcherOf(context, nanos);
    return follow(context, (hooks) => nanos.undo.run(of, hooks), watcher);
  },
};

/** All it would write over, line by line, before anything is touched or asked. */
function tell({ terminal }: Context, view: UndoView): void {
  if (view.files.length + view.outward.length === 0) return;
  terminal.err(paintAll(undoLines(view, terminal.columns), terminal.color("err")));
}

/** What an undo would do to each file, line by line, and what it leaves as it is. */
export function undoLines(view: UndoView, width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const { of, files, changes, outward } = view;
  const shown = new Set(changes.map(({ path }) => path));
  return [
    ...(files.length + outward.length === 0 ? [`${of} wrote no files`] : []),
    ...files.map((file) => fitLine(fileLine(file), across)),
    ...(shown.size === 0
      ? []
      : ["", [span("from what is there now to what would be", "dim")] as Line]),
    ...changes.flatMap((change) =>
      changeLines(change, across).map((line) => fitLine(line, across)),
    ),
    ...(outward.length === 0 ? [] : outwardLines(outward, across)),
  ];
}

const STATES: Readonly<Record<UndoFile["state"], readonly [says: string, style: Style]>> = {
  ready: ["", "green"],
  done: ["is so already", "dim"],
  changed: ["was changed since, so nothing is undone", "red"],
  unkept: ["was too large to keep what was there before", "red"],
  gone: ["what was there before is not kept any more", "red"],
};
const DOES = { created: "brings back", modified: "changes back", deleted: "takes away" } as const;

function fileLine({ path, kind, state }: UndoFile): Line {
  const [says, style] = STATES[state];
  return [
    span(DOES[kind], style),
    ` ${visibleText(path)}`,
    span(says === "" ? "" : `  ${says}`, style),
  ];
}

function outwardLines(outward: readonly Outward[], width: number): readonly Line[] {
  const head = `stays done, as it left this machine's files: ${count(outward.length, "step")}`;
  return [
    "",
    [span(head, "yellow")],
    ...outward.map(({ step, kind, name, to }) =>
      fitLine([`  ${step}  ${kind} ${name} `, span(to.join(" "), "cyan")], width),
    ),
  ];
}

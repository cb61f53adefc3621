import { resolve } from "node:path";
import { writeFileSync } from "node:fs";
import type {
  ArtifactDiff,
  ArtifactLine,
  Artifacts,
  ArtifactView,
  Review,
} from "../../contracts/artifact.ts";
import { messageOf, NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import { arg, type Command, type Context, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { changeLines } from "../render/change.ts";
import { type Line, span, type Style } from "../render/line.ts";
import { fields, table } from "../render/table.ts";
import { fitLine } from "../render/width.ts";
import { clockTime, count } from "../render/words.ts";

const ID = { name: "ID", about: "the step that made it", required: true, offers: "steps" } as const;

export const command: Command = {
  name: "vault",
  summary: "results that runs and missions kept, with their reviews",
  example: "nanos vault list",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "artifacts, newest first",
      example: "nanos vault list --status pending",
      options: [
        { flag: "--run", value: "RUN", about: "of one run or mission", offers: "runs" },
        { flag: "--status", value: "STATUS", about: "pending, approved, rejected or archived" },
        {
          flag: "--type",
          value: "TYPE",
          about: "text, code, data, report, analysis, decision or log",
        },
      ],
      run: async (context, input) => {
        const lines = (await context.nanos()).vault.list(wishIn(input));
        await show(context, lines, () => artifactTable(lines, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "where one came from, what was said of it, what is new in it",
      example: "nanos vault show r1k3f9x2ab7qz0m.4",
      args: [ID],
      run: async (context, input) => {
        const view = (await context.nanos()).vault.show(arg(input, "ID"));
        await show(context, view, () => artifactLines(view, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "diff",
      summary: "line by line from another version to this one",
      example: "nanos vault diff r1k3f9x2ab7qz0m.4",
      args: [ID, { name: "FROM", about: "another; the version before it when absent" }],
      run: async (context, input) => {
        const found = (await context.nanos()).vault.diff(arg(input, "ID"), input.args["FROM"]);
        await show(context, found, () => diffLines(found, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "history",
      summary: "every version of one",
      example: "nanos vault history r1k3f9x2ab7qz0m.4",
      args: [ID],
      run: async (context, input) => {
        const lines = (await context.nanos()).vault.history(arg(input, "ID"));
        await show(context, lines, () => artifactTable(lines, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    reviewing("approve", "approved", "stand behind one"),
    reviewing("reject", "rejected", "say that one is not to be used"),
    reviewing("archive", "archived", "put one away"),
    {
      name: "get",
      summary: "the bytes of one",
      example: "nanos vault get r1k3f9x2ab7qz0m.4 report.md",
      options: [
        { flag: "--title", value: "TITLE", about: "the newest of this title; ID is then its run" },
      ],
      args: [ID, { name: "FILE", about: "where to; standard output when absent", offers: "files" }],
      run: async (context, input) => {
        const { vault } = await context.nanos();
        const [id, file] = [meant(vault, input), input.args["FILE"]];
        const bytes = Buffer.from(vault.get(id));
        if (file !== undefined) return wrote(context, id, file, bytes);
        const text = bytes.toString("utf8");
        if (context.json) await show(context, { id, content: text }, () => []);
        else context.terminal.out(context.terminal.outTty ? plainText(text) : text);
        return EXIT.succeeded;
      },
    },
    {
      name: "export",
      summary: "write the newest versions and where they came from to a new folder",
      example: "nanos vault export results",
      args: [
        { name: "DIR", about: "a folder that is not there yet", required: true, offers: "folders" },
      ],
      options: [{ flag: "--run", value: "RUN", about: "of one run or mission", offers: "runs" }],
      run: async (context, input) => {
        const dir = resolve(context.options.cwd ?? ".", arg(input, "DIR"));
        const files = await (await context.nanos()).vault.export(dir, option(input, "--run"));
        await show(context, { dir, files }, () => [
          [span("wrote ", "green"), `${count(files.length, "file")} to ${dir}`],
        ]);
        return EXIT.succeeded;
      },
    },
  ],
};

/** The step that is named, or the newest of a run's that kept something under this title. */
function meant(vault: Artifacts, input: Input): string {
  const [id, title] = [arg(input, "ID"), option(input, "--title")];
  if (title === undefined) return id;
  const [newest] = vault.list({ run: id, title, limit: 1 });
  if (newest) return newest.id;
  const message = `Run ${id} kept nothing under that title.`;
  throw new NanosError("artifact.unknown", message, `See its titles: nanos vault list --run ${id}`);
}

function reviewing(name: string, verdict: Review["verdict"], summary: string): Command {
  return {
    name,
    summary,
    example: `nanos vault ${name} r1k3f9x2ab7qz0m.4 --why "checked by hand"`,
    args: [ID],
    options: [{ flag: "--why", value: "TEXT", about: "kept beside it" }],
    run: async (context, input) => {
      const { vault } = await context.nanos();
      const line = await vault.review(arg(input, "ID"), verdict, option(input, "--why"));
      await show(context, line, () => [
        [span(`${line.status} `, STYLES[line.status]), `${line.title}, version ${line.version}`],
      ]);
      return EXIT.succeeded;
    },
  };
}

function wishIn(input: Input): { run?: string; status?: string; type?: string } {
  const [run, status, type] = ["--run", "--status", "--type"].map((flag) => option(input, flag));
  return {
    ...(run === undefined ? {} : { run }),
    ...(status === undefined ? {} : { status }),
    ...(type === undefined ? {} : { type }),
  };
}

async function wrote(context: Context, id: string, file: string, bytes: Buffer): Promise<number> {
  const path = resolve(context.options.cwd ?? ".", file);
  try {
    writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
  } catch (error) {
    const message = `${path} cannot be written: ${messageOf(error)}.`;
    throw new NanosError("artifact.export", message, "Name a file that is not there yet.", error);
  }
  await show(context, { id, file: path, bytes: bytes.length }, () => [
    [span("wrote ", "green"), `${bytes.length} bytes to ${path}`],
  ]);
  return EXIT.succeeded;
}

const STYLES: Readonly<Record<ArtifactLine["status"], Style>> = {
  pending: "yellow",
  approved: "green",
  rejected: "red",
  archived: "dim",
};

/** Artifacts as a table. */
export function artifactTable(lines: readonly ArtifactLine[], width: number): readonly Line[] {
  if (lines.length === 0) {
    return ["Nothing is kept. An agent whose file lists the tool `artifact` keeps results here."];
  }
  return table(
    [
      { title: "id", text: ({ id }) => id, style: () => "bold" },
      { title: "when", text: ({ at }) => clockTime(at) },
      {
        title: "review",
        text: ({ status, flagged }) => `${status}${flagged ? " !" : ""}`,
        style: ({ status }) => STYLES[status],
      },
      { title: "type", text: ({ type }) => type },
      { title: "", text: ({ version }) => `v${version}` },
      { title: "title", text: ({ title }) => plainText(title) },
    ],
    lines,
    width,
  );
}

function diffLines({ from, to, changes }: ArtifactDiff, width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const named = ({ id, version, type }: ArtifactLine): string => `${id} v${version} ${type}`;
  const head = `${from === null ? "nothing" : named(from)} -> ${named(to)}`;
  return [
    fitLine([span(head, "dim")], across),
    ...changes
      .flatMap((change) => changeLines(change, across))
      .map((line) => fitLine(line, across)),
  ];
}

function artifactLines(view: ArtifactView, width: number): readonly Line[] {
  const across = Number.isFinite(width) ? width : 100;
  const { review, label, changes } = view;
  const said =
    review === null ? "" : `${review.by}${review.why === undefined ? "" : `: ${review.why}`}`;
  return [
    [
      span(plainText(view.title), "bold"),
      `  version ${view.version}  `,
      span(view.status, STYLES[view.status]),
    ],
    ...fields([
      ["id", view.id],
      ["type", view.type],
      ["made by", `${view.agent} with ${view.made}`],
      ["hash", view.hash],
      ["bytes", String(view.bytes)],
      ["touched by", label === null ? "" : [label.integrity, ...label.sources].join(", ")],
      ["look at it", view.flagged ? "yes: it ran without being asked about (rank C or B)" : ""],
      ["said by", plainText(said)],
      ["before it", view.previous ?? ""],
    ]).map((line) => fitLine(line, across)),
    "",
    ...changes
      .flatMap((change) => changeLines(change, across))
      .map((line) => fitLine(line, across)),
  ];
}

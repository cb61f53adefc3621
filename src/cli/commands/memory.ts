import type { RunState } from "../../contracts/run.ts";
import type { Candidate, MemoryView, NoteLine } from "../../contracts/memory.ts";
import { firstLine, plainText } from "../../std/text.ts";
import { arg, type Command, type Context, flag, type Input, show } from "../command.ts";
import { EXIT, exitOf } from "../exit.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import { fields, table } from "../render/table.ts";
import { clockTime, duration } from "../render/words.ts";
import { agree } from "../setup.ts";

const NOTE = { name: "ID", about: "a note or a candidate", required: true } as const;
const CANDIDATE = { name: "ID", about: "the candidate", required: true } as const;

export const command: Command = {
  name: "memory",
  summary: "what is remembered, and what waits for your yes to be",
  example: "nanos memory search tea",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "every note, where it lies and who had a hand in it",
      example: "nanos memory list --json",
      run: async (context) => {
        const view = await (await context.nanos()).memory.list();
        await show(context, view, () => viewLines(view, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "one note or candidate, whole",
      example: "nanos memory show r1k3f9x2ab7qz0m1-2",
      args: [NOTE],
      run: async (context, input) => {
        const found = await (await context.nanos()).memory.show(arg(input, "ID"));
        await show(context, found, () => wholeLines(found));
        return EXIT.succeeded;
      },
    },
    {
      name: "search",
      summary: "notes that hold these words, best first",
      example: "nanos memory search tea sugar",
      args: [{ name: "WORDS", about: "what to look for", required: true, rest: true }],
      run: async (context, input) => {
        const notes = await (await context.nanos()).memory.search(wordsOf(input));
        await show(context, notes, () => noteTable(notes, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "inbox",
      summary: "what is not remembered before you accept it",
      example: "nanos memory inbox",
      run: async (context) => {
        const waiting = (await context.nanos()).memory.inbox();
        const { terminal, clock } = context;
        await show(context, waiting, () => inboxLines(waiting, clock.now(), terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "accept",
      summary: "make a note of a candidate",
      example: "nanos memory accept r1k3f9x2ab7qz0m1-2",
      args: [CANDIDATE],
      run: accept,
    },
    {
      name: "vouch",
      summary: "stand behind a note you wrote by hand",
      example: "nanos memory vouch tea",
      args: [{ name: "ID", about: "the note", required: true }],
      run: vouch,
    },
    {
      name: "reject",
      summary: "drop a candidate",
      example: "nanos memory reject r1k3f9x2ab7qz0m1-2",
      args: [CANDIDATE],
      run: async (context, input) => {
        const id = arg(input, "ID");
        await (await context.nanos()).memory.reject(id);
        await show(context, { id, rejected: true }, () => [[span("dropped ", "red"), id]]);
        return EXIT.succeeded;
      },
    },
    {
      name: "forget",
      summary: "take it back: the file, and its words in the journal",
      example: "nanos memory forget r1k3f9x2ab7qz0m1-2 --dry-run",
      args: [NOTE],
      options: [{ flag: "--dry-run", about: "only say what would go" }],
      run: forget,
    },
  ],
};

function wordsOf({ args, rest }: Input): string {
  return rest.length > 0 ? rest.join(" ") : (args["WORDS"] ?? "");
}

async function accept(context: Context, input: Input): Promise<number> {
  const id = arg(input, "ID");
  const { memory } = await context.nanos();
  const state = await (await memory.accept(id)).done;
  await show(context, state, () => acceptedLines(id, state));
  return exitOf(state);
}

/** The yes is to the note as it is shown here, and to no other. */
async function vouch(context: Context, input: Input): Promise<number> {
  const id = arg(input, "ID");
  const { memory } = await context.nanos();
  const found = await memory.show(id);
  const { terminal } = context;
  terminal.err(paintAll(wholeLines(found), terminal.color("err")));
  const yes = await agree(context, "Is this your own word? y/N ", [
    "memory.unanswered",
    `Nobody is here to say so; ${id} stays untrusted.`,
    "Read the note, then add --yes.",
  ]);
  if (!yes) return EXIT.cancelled;
  const note = await memory.vouch(id, "hash" in found ? found.hash : "");
  await show(context, note, () => [
    [span("vouched for ", "green"), plainText(id), ", until it changes"],
  ]);
  return EXIT.succeeded;
}

function acceptedLines(id: string, state: RunState): readonly Line[] {
  if (state.state !== "ended") return [`${id} waits: nanos approvals list`];
  const { outcome, failure } = state.ended;
  if (outcome === "succeeded") {
    return [
      [span("remembered ", "green"), id],
      [span(`nanos memory forget ${id} takes it back`, "dim")],
    ];
  }
  return [
    [span("not remembered ", "red"), id, failure ? `: ${plainText(failure.message)}` : ""],
    [span(`nanos trace show ${state.run} says more`, "dim")],
  ];
}

async function forget(context: Context, input: Input): Promise<number> {
  const id = arg(input, "ID");
  const rehearse = flag(input, "--dry-run");
  const { memory } = await context.nanos();
  const { bodies, notes, left } = await memory.forget(id, rehearse);
  const places = bodies === 1 ? "1 entry of the journal" : `${bodies} entries of the journal`;
  const twins = notes.filter((one) => one !== id).map(plainText);
  await show(context, { id, bodies, notes, left, forgotten: !rehearse }, () => [
    rehearse
      ? [span("would forget ", "yellow"), id, ` and erase its words from ${places}`]
      : [span("forgotten ", "green"), id, `, and its words erased from ${places}`],
    ...(twins.length > 0 ? [`with it, as it has the same words: ${twins.join(", ")}`] : []),
    ...(left.length > 0
      ? [`more than these words, and kept: ${left.map(plainText).join(", ")}`]
      : []),
    ...(bodies > 0 ? [[span("runs it was a part of can't be replayed any more", "dim")]] : []),
  ]);
  return EXIT.succeeded;
}

function viewLines(view: MemoryView, width: number): readonly Line[] {
  const { settings, dir, notes, skipped } = view;
  const { enabled, capture, policy } = settings;
  const writes = !capture || policy === "off" ? "nothing is kept" : POLICY[policy];
  const state: Line = enabled
    ? [span("on", "green"), `, ${writes} · ${plainText(dir)}`]
    : [span("off", "yellow"), ": to switch it on, write memory: {enabled: true, policy: strict}"];
  const where: readonly Line[] = enabled ? [] : ["into arrangement.yaml or config.yaml"];
  const problems = skipped.map((line): Line => [span(plainText(line), "yellow")]);
  return [state, ...where, "", ...noteTable(notes, width), ...problems];
}

const POLICY = {
  strict: "what you say to remember is kept",
  capture_only: "everything said is held for your yes",
} as const;

/** Notes as a table. */
export function noteTable(notes: readonly NoteLine[], width: number): readonly Line[] {
  if (notes.length === 0) return ["No notes."];
  return table(
    [
      { title: "id", text: ({ id }) => plainText(id), style: () => "bold" },
      { title: "memory", text: ({ memory }) => memory },
      { title: "from", text: (note) => hand(note) },
      { title: "note", text: ({ text }) => firstLine(text, width) },
    ],
    notes,
    width,
  );
}

/** Whose word it is, in a word or two. */
function hand({ label, byHand }: NoteLine): string {
  if (label.integrity !== "untrusted") return "you";
  return byHand ? "by hand" : "untrusted";
}

function inboxLines(waiting: readonly Candidate[], now: number, width: number): readonly Line[] {
  if (waiting.length === 0) return ["Nothing waits to be remembered."];
  const lines = table(
    [
      { title: "id", text: ({ id }) => id, style: () => "bold" },
      { title: "memory", text: ({ memory }) => memory },
      { title: "from", text: ({ source }) => source },
      { title: "left", text: ({ expires }) => duration(expires - now) },
      { title: "note", text: ({ text }) => firstLine(text, width) },
    ],
    waiting,
    width,
  );
  return [...lines, [span("nanos memory accept ID  ·  nanos memory reject ID", "dim")]];
}

function wholeLines(found: NoteLine | Candidate): readonly Line[] {
  const about: readonly (readonly [string, string])[] =
    "file" in found
      ? [
          ["file", plainText(found.file)],
          ["from", hand(found)],
          ["sources", plainText(found.label.sources.join(", "))],
        ]
      : [
          ["from", found.source],
          ["run", found.conversation],
          ["wanted", found.passes === 1 ? "once" : `${found.passes} times`],
          ["until", clockTime(found.expires)],
        ];
  const text = plainText(found.text).split("\n");
  return [
    [span(plainText(found.id), "bold"), `  ${"file" in found ? "note" : "candidate"}`],
    ...fields([["memory", found.memory], ...about]),
    "",
    ...text,
  ];
}

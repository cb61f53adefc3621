import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ForkRequest } from "../../contracts/nanos.ts";
import type { Bundled } from "../../contracts/evidence.ts";
import type { TraceLine, VerifyReport } from "../../contracts/trace.ts";
import { firstLine } from "../../std/text.ts";
import { arg, type Command, type Context, flag, type Input, option, show } from "../command.ts";
import { NanosError } from "../../std/error.ts";
import { EXIT } from "../exit.ts";
import { follow, watcherOf } from "../follow.ts";
import { diffLines } from "../render/trace/diff.ts";
import { type Line, span, type Style } from "../render/line.ts";
import { table } from "../render/table.ts";
import { traceTree } from "../render/trace/tree.ts";
import { clockTime, count, tokens } from "../render/words.ts";
import { ready } from "../setup.ts";

export const command: Command = {
  name: "trace",
  summary: "what happened: show, verify, replay, fork, diff, export",
  example: "nanos trace show r1k3f9x2ab7qz0m",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "runs, newest first",
      example: "nanos trace list --limit 50",
      options: [
        { flag: "--limit", value: "N", about: "how many (20)" },
        { flag: "--children", about: "delegated runs too" },
      ],
      run: async (context, input) => {
        const { traces } = await context.nanos();
        const limit = limitOf(option(input, "--limit"));
        const lines = traces.list({ limit, children: flag(input, "--children") });
        await show(context, lines, () => traceTable(lines, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "the call tree with time, tokens, cost and verdicts",
      example: "nanos trace show r1k3f9x2ab7qz0m",
      args: [{ name: "RUN", about: "the run; the newest when absent", offers: "runs" }],
      run: async (context, input) => {
        const { traces, place } = await context.nanos();
        const trace = traces.show(input.args["RUN"] ?? newest(traces.list({ limit: 1 })));
        const { columns } = context.terminal;
        await show(context, trace, () => traceTree(trace, columns, place.workspace));
        return EXIT.succeeded;
      },
    },
    {
      name: "verify",
      summary: "recompute every hash of journal and vault, and check what is signed",
      example: "nanos trace verify",
      args: [{ name: "RUN", about: "one run; everything when absent", offers: "runs" }],
      run: async (context, input) => {
        const report = (await context.nanos()).traces.verify(input.args["RUN"]);
        const erased = report.erased === 0 ? "" : `, ${report.erased} erased`;
        const counts = `${count(report.events, "event")} in ${count(report.chains, "chain")}`;
        await show(context, report, () => [
          report.ok
            ? [span("ok ", "green"), `${counts} verify${erased}`]
            : [span("broken ", "red"), report.bad ?? "an entry does not verify"],
          ...(report.ok ? signedLines(report) : []),
        ]);
        return report.ok ? EXIT.succeeded : EXIT.failed;
      },
    },
    {
      name: "replay",
      summary: "drive a run again from the journal alone, and compare",
      example: "nanos trace replay r1k3f9x2ab7qz0m",
      args: [{ name: "RUN", about: "the run", required: true, offers: "runs" }],
      run: async (context, input) => {
        const report = await (await context.nanos()).traces.replay(arg(input, "RUN"));
        const counts = `${count(report.events, "event")}, ${count(report.steps, "step")}`;
        await show(context, report, () => [
          report.ok
            ? [span("same ", "green"), `${counts}: no model, no tool, no network`]
            : [span("differs ", "red"), report.differs ?? "it came out differently"],
        ]);
        return report.ok ? EXIT.succeeded : EXIT.failed;
      },
    },
    {
      name: "fork",
      summary: "share a run's steps before one, then go on otherwise",
      example: "nanos trace fork r1k3f9x2ab7qz0m --at 4 --model local",
      args: [{ name: "RUN", about: "the run", required: true, offers: "runs" }],
      options: [
        { flag: "--at", value: "STEP", about: "the first step that is its own", offers: "steps" },
        { flag: "--agent", value: "NAME", about: "another agent goes on", offers: "agents" },
        { flag: "--model", value: "NAME", about: "another model is asked", offers: "models" },
        { flag: "--rules", value: "FILE", about: "rules that hold it beside those in force" },
      ],
      run: async (context, input) => {
        const request = forkIn(context, input);
        const nanos = await ready(context);
        const watcher = await watcherOf(context, nanos);
        return follow(context, (hooks) => nanos.fork({ ...request, ...hooks }), watcher);
      },
    },
    {
      name: "diff",
      summary: "where two runs part, step by step",
      example: "nanos trace diff r1k3f9x2ab7qz0m r1k3f9x4cd8rw1n",
      args: [
        { name: "A", about: "a run", required: true, offers: "runs" },
        { name: "B", about: "the other", required: true, offers: "runs" },
      ],
      run: async (context, input) => {
        const { traces } = await context.nanos();
        const diff = traces.diff(arg(input, "A"), arg(input, "B"));
        await show(context, diff, () => diffLines(diff, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "prove",
      summary: "write a proof that a step is in the log, for whoever has its key",
      example: "nanos trace prove r1k3f9x2ab7qz0m.2 step.tlog-proof",
      args: [
        { name: "STEP", about: "the step", required: true, offers: "steps" },
        { name: "FILE", about: "where to; to the screen when absent", offers: "files" },
      ],
      run: async (context, input) => {
        const step = arg(input, "STEP");
        const proof = await (await context.nanos()).evidence.prove(step);
        const file = input.args["FILE"];
        if (file === undefined) {
          await show(context, { step, proof }, () => proof.trimEnd().split("\n"));
          return EXIT.succeeded;
        }
        const path = resolve(context.options.cwd ?? ".", file);
        await writeFile(path, proof, { mode: 0o600 });
        await show(context, { step, file: path }, () => [
          [span("wrote ", "green"), `the proof of ${step} to ${path}`],
          [
            span(
              `node nanos-verify.mjs ${file} --log KEY checks it; nanos witness shows the key`,
              "dim",
            ),
          ],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "export",
      summary: "write a run as JSON lines, or as a bundle anybody can check",
      example: "nanos trace export r1k3f9x2ab7qz0m ./evidence --bundle",
      args: [
        { name: "RUN", about: "the run", required: true, offers: "runs" },
        {
          name: "FILE",
          about: "where to; a folder for a bundle, an address for --otlp (that of the config else)",
          offers: "files",
        },
      ],
      options: [
        { flag: "--bundle", about: "with proofs, signatures and the program that checks them" },
        { flag: "--redacted", about: "a bundle without what was said and done" },
        { flag: "--otlp", about: "as spans for a collector: into a file, or sent to its address" },
        { flag: "--contents", about: "spans with what was said and done" },
        { flag: "--secret", value: "NAME", about: "a stored secret the collector wants" },
      ],
      run: exportRun,
    },
    {
      name: "verifier",
      summary: "print the program that checks bundles and proofs without nanos",
      example: "nanos trace verifier > nanos-verify.mjs",
      run: async (context) => {
        const text = (await context.house()).verifierText();
        await show(context, { text }, () => []);
        // To a program it goes byte for byte, as it is to be run.
        if (!context.json) context.terminal.out(text);
        return EXIT.succeeded;
      },
    },
  ],
};

async function exportRun(context: Context, input: Input): Promise<number> {
  checkFlags(input);
  const run = arg(input, "RUN");
  const named = input.args["FILE"];
  const isSent = flag(input, "--otlp") && (named === undefined || /^https?:/u.test(named));
  if (named === undefined && !isSent) {
    const next = "Say where to: nanos trace export RUN run.jsonl";
    throw new NanosError("usage.missing", "No file is named.", next);
  }
  const file = isSent ? "" : resolve(context.options.cwd ?? ".", named ?? "");
  const [redacted, contents] = [flag(input, "--redacted"), flag(input, "--contents")];
  const { traces, evidence } = await context.nanos();
  if (flag(input, "--otlp")) {
    const options = { contents, secret: option(input, "--secret") };
    const sent = await evidence.otlp(run, isSent ? (named ?? null) : file, options);
    await show(context, sent, () => [
      [span(isSent ? "sent " : "wrote ", "green"), `${count(sent.spans, "span")} to ${sent.to}`],
    ]);
    return EXIT.succeeded;
  }
  if (flag(input, "--bundle")) {
    const bundle = await evidence.bundle(run, file, { redacted });
    await show(context, bundle, () => bundleLines(bundle));
    return EXIT.succeeded;
  }
  const events = await traces.export(run, file);
  await show(context, { run, file, events }, () => [
    [span("wrote ", "green"), `${count(events, "event")} to ${file}`],
  ]);
  return EXIT.succeeded;
}

function bundleLines({ events, dir, files, log }: Bundled): readonly Line[] {
  return [
    [span("wrote ", "green"), `${count(events, "event")} with their proofs to ${dir}`],
    ...files.map((name): Line => `  + ${name}`),
    [span("anybody checks it with Node alone: node nanos-verify.mjs FOLDER --log KEY", "dim")],
    [span("give them the key by another way: ", "dim"), log],
  ];
}

/** What is said of one form of export means nothing for another. */
function checkFlags(input: Input): void {
  const wanted = { "--redacted": "--bundle", "--contents": "--otlp", "--secret": "--otlp" };
  for (const [name, needed] of Object.entries(wanted)) {
    if (!flag(input, name) || flag(input, needed)) continue;
    throw new NanosError("usage.needs", `${name} goes with ${needed}.`, `Add ${needed}.`);
  }
}

/** How far the checkpoints reach, and how far others signed them. */
function signedLines({
  events,
  checkpoints,
  unsigned,
  unwitnessed,
}: VerifyReport): readonly Line[] {
  if (checkpoints === 0) return ["   no checkpoint yet: the chains alone hold these events"];
  const signed = count(checkpoints, "signed checkpoint");
  return [
    `   ${signed}; ${count(unsigned, "event")} since, held by the chains alone`,
    unwitnessed === events
      ? "   no witness signed: whoever has the home's key could write it anew"
      : `   a witness signed all but the newest ${count(unwitnessed, "event")}`,
  ];
}

function forkIn({ options: { cwd = "." } }: Context, input: Input): ForkRequest {
  const [at, agent] = [option(input, "--at"), option(input, "--agent")];
  const [model, rules] = [option(input, "--model"), option(input, "--rules")];
  if (at === undefined) {
    const next = "nanos trace show RUN lists its steps: --at 4";
    throw new NanosError("usage.at", "It has to be said at which step: --at STEP.", next);
  }
  return {
    ...{ run: arg(input, "RUN"), at },
    ...(agent === undefined ? {} : { agent }),
    ...(model === undefined ? {} : { model }),
    ...(rules === undefined ? {} : { rules: resolve(cwd, rules) }),
  };
}

/** Runs as a table. */
export function traceTable(lines: readonly TraceLine[], width: number): readonly Line[] {
  if (lines.length === 0) return ['No runs yet. nanos run "TEXT" makes one.'];
  return table(
    [
      { title: "run", text: ({ run }) => run, style: () => "bold" },
      { title: "when", text: ({ at }) => clockTime(at) },
      { title: "came to", text: cameTo, style: (line) => STYLE[cameTo(line)] },
      { title: "steps", text: ({ steps }) => String(steps) },
      { title: "used", text: (line) => (line.tokens === 0 ? "-" : tokens(line.tokens)) },
      { title: "request", text: (line) => `${forkedAt(line)}${firstLine(line.request, 200)}` },
    ],
    lines,
    width,
  );
}

function forkedAt({ fork }: TraceLine): string {
  return fork === undefined ? "" : `(fork at ${fork}) `;
}

function cameTo({ outcome, state, rehearsal }: TraceLine): string {
  const went = outcome === "succeeded" || outcome === "degraded";
  return rehearsal && went ? "rehearsed" : (outcome ?? state);
}

const STYLE: Readonly<Record<string, Style>> = {
  succeeded: "green",
  degraded: "yellow",
  waiting: "yellow",
  interrupted: "yellow",
  failed: "red",
};

function newest(lines: readonly TraceLine[]): string {
  const [first] = lines;
  if (first !== undefined) return first.run;
  throw new NanosError("run.not_found", "There are no runs yet.", 'nanos run "TEXT" makes one.');
}

function limitOf(given: string | undefined): number {
  const value = Number(given ?? 20);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new NanosError(
    "usage.number",
    `--limit takes a whole number above 0, not ${given}.`,
    "For example --limit 50.",
  );
}

import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Agent, AgentOffer, WrapWish } from "../../contracts/agent.ts";
import { NanosError } from "../../std/error.ts";
import { arg, type Command, type Context, flag, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { caseLines } from "../render/cases/lines.ts";
import { reportPage } from "../render/cases/page.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import { fields, table } from "../render/table.ts";
import { mebibytes, shortPath } from "../render/words.ts";
import { agree, attended, confirm } from "../setup.ts";

const NAME = { name: "NAME", about: "the agent", required: true, offers: "agents" } as const;

export const command: Command = {
  name: "agent",
  summary: "the agents of the arrangement",
  example: "nanos agent show oracle",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all agents",
      example: "nanos agent list --json",
      run: async (context) => {
        const nanos = await context.nanos();
        const agents = nanos.agents.list();
        await show(context, agents, () => agentTable(agents, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "one agent: its prompt or program, and what it may use",
      example: "nanos agent show oracle",
      args: [NAME],
      run: async (context, input) => {
        const nanos = await context.nanos();
        const agent = nanos.agents.show(arg(input, "NAME"));
        const kept = nanos.agents.kept(agent.manifest.name);
        await show(context, { ...agent, kept }, () =>
          agentLines(agent, { workspace: nanos.place.workspace, kept }),
        );
        return EXIT.succeeded;
      },
    },
    {
      name: "new",
      summary: "write the file of a plain agent, for you to go on with",
      example: `nanos agent new planner --about "Turns a wish into steps."`,
      args: [{ name: "NAME", about: "its name", required: true }],
      options: [
        { flag: "--about", value: "TEXT", about: "when to hand it work" },
        { flag: "--skill", value: "SKILL", about: "a skill it uses", many: true, offers: "skills" },
        { flag: "--model", value: "NAME", about: "the model it thinks with", offers: "models" },
      ],
      run: fresh,
    },
    {
      name: "wrap",
      summary: "make a program an agent: one on PATH, held by the sandbox and the gate",
      example: "nanos agent wrap claude",
      args: [{ name: "CMD", about: "the program, and after -- its arguments", rest: true }],
      options: [
        { flag: "--name", value: "NAME", about: "the agent's name, where not the program's" },
        { flag: "--acp", about: "it speaks the Agent Client Protocol" },
        { flag: "--scope", value: "SCOPE", about: "what else it may reach", many: true },
        {
          flag: "--for",
          value: "AGENT",
          about: "who hands it work; else the oracle",
          offers: "agents",
        },
        { flag: "--try", about: "start it once with a harmless request" },
      ],
      run: wrap,
    },
    {
      name: "test",
      summary: "try an agent on its cases, each a small repository of its own",
      example: "nanos agent test coder --report report.md",
      args: [NAME],
      options: [
        {
          flag: "--model",
          value: "NAME",
          about: "who answers; else as recorded",
          offers: "models",
        },
        {
          flag: "--judge",
          value: "NAME",
          about: "a model's opinion beside the checks, of cases that want one",
          offers: "models",
        },
        { flag: "--case", value: "NAME", about: "only the cases of that name" },
        { flag: "--report", value: "FILE", about: "write a report there, as markdown" },
      ],
      run: tryOut,
    },
    {
      name: "clear",
      summary: "empty the folder an agent keeps: its sessions, logs and settings",
      example: "nanos agent clear claude",
      args: [NAME],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        const { agents } = await context.nanos();
        const bytes = agents.kept(name);
        const yes = await agree(context, `Empty what ${name} keeps, ${mebibytes(bytes)}? y/N `, [
          "agent.unanswered",
          `Nobody is here to say yes, so ${name} keeps what it has.`,
          "Add --yes.",
        ]);
        if (!yes) return EXIT.denied;
        agents.clear(name);
        await show(context, { name, bytes }, () => [
          [span("emptied ", "green"), `${name} keeps nothing now; it was ${mebibytes(bytes)}`],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "rm",
      summary: "take an agent's file away, with what it keeps",
      example: "nanos agent rm planner",
      args: [NAME],
      run: async (context, input) => {
        const name = arg(input, "NAME");
        const { agents } = await context.nanos();
        const { file } = agents.show(name);
        const yes = await agree(context, `Delete ${file}? y/N `, [
          "agent.unanswered",
          `Nobody is here to say yes, so ${name} stays.`,
          "Add --yes.",
        ]);
        if (!yes) return EXIT.denied;
        await agents.remove(name);
        await show(context, { name, file }, () => [[span("removed ", "green"), file]]);
        return EXIT.succeeded;
      },
    },
  ],
};

async function tryOut(context: Context, input: Input): Promise<number> {
  const [model, judge, only, file] = ["--model", "--judge", "--case", "--report"].map((name) =>
    option(input, name),
  );
  const { agents } = await context.nanos();
  const report = await agents.test(arg(input, "NAME"), {
    ...(model === undefined ? {} : { model }),
    ...(judge === undefined ? {} : { judge }),
    ...(only === undefined ? {} : { only }),
  });
  if (file !== undefined) {
    await writeFile(resolve(context.options.cwd ?? ".", file), reportPage(report));
  }
  await show(context, report, () => caseLines(report.cases));
  return report.cases.every(({ failures }) => failures.length === 0) ? EXIT.succeeded : EXIT.failed;
}

async function fresh(context: Context, input: Input): Promise<number> {
  const { agents } = await context.nanos();
  const name = arg(input, "NAME");
  const model = option(input, "--model");
  const offer = agents.draft({
    name,
    description: option(input, "--about") ?? `The agent ${name}.`,
    skills: input.options["--skill"] ?? [],
    ...(model === undefined ? {} : { model }),
  });
  return write(context, offer);
}

async function wrap(context: Context, input: Input): Promise<number> {
  const { agents } = await context.nanos();
  const [name, scopes] = [option(input, "--name"), input.options["--scope"]];
  if (input.rest.length === 0) {
    const found = agents.found().map((one) => one.name);
    const next = found.length === 0 ? "nanos agent wrap CMD" : `On PATH: ${found.join(", ")}.`;
    throw new NanosError("usage.program", "Name the program to make an agent.", next);
  }
  const wish: WrapWish = {
    command: input.rest,
    acp: flag(input, "--acp"),
    ...(name === undefined ? {} : { name }),
    ...(scopes === undefined ? {} : { scopes }),
    ...priceOf(option(input, "--price")),
  };
  const offer = agents.wrap(wish);
  const code = await write(context, offer, option(input, "--for"));
  if (code !== EXIT.succeeded) return code;
  const tries = flag(input, "--try") || (attended(context) && (await confirm(context, TRY)));
  return tries ? attempt(context, offer) : code;
}

function priceOf(given: string | undefined): Pick<WrapWish, "price"> {
  if (given === undefined) return {};
  const price = given === "free" ? given : Number(given);
  if (price === "free" || (price >= 0 && given.trim() !== "")) return { price };
  throw new NanosError(
    "usage.price",
    `--price takes US dollars a request, or free, not ${given}.`,
    "For example --price 0.25.",
  );
}

const TRY = "Start it once with a harmless request? What it costs, it costs. y/N ";

/** Shows what would be written and what it may reach; writes it after a yes. */
async function write(context: Context, offer: AgentOffer, to?: string): Promise<number> {
  const { agents } = await context.nanos();
  const { name, file } = offer;
  if (to !== undefined) agents.show(to);
  context.terminal.err(paintAll(offerLines(offer), context.terminal.color("err")));
  const yes = await agree(context, `Write ${file}? y/N `, [
    "agent.unanswered",
    `Nobody is here to say yes, so ${file} was not written.`,
    "Read what it may do above, then add --yes.",
  ]);
  if (!yes) {
    context.terminal.err("Not written.\n");
    return EXIT.denied;
  }
  const handed = await agents.add(offer, to);
  await show(context, offer, () => [
    [span("written ", "green"), file],
    [span(handed ? `${to ?? "the oracle"} may hand it work` : "no agent hands it work yet", "dim")],
    [span(`nanos run --agent ${name} "TEXT" asks it; nanos agent rm ${name} takes it back`, "dim")],
  ]);
  return EXIT.succeeded;
}

/** One real run of it, as the gate and the sandbox will hold it from now on. */
async function attempt(context: Context, { name }: AgentOffer): Promise<number> {
  const { openNanos } = await context.house();
  const { follow, watcherOf } = await import("../follow.ts");
  // What was just written counts from the next opening on.
  const nanos = await openNanos(context.options);
  try {
    const text = "Answer with the one word ready. Change nothing.";
    const watcher = await watcherOf(context, nanos);
    return await follow(context, (hooks) => nanos.run({ text, agent: name, ...hooks }), watcher);
  } finally {
    await nanos.close();
  }
}

/** Agents as a table. */
export function agentTable(agents: readonly Agent[], width: number): readonly Line[] {
  if (agents.length === 0) return ["No agents yet. nanos init --from STARTER brings some."];
  return table(
    [
      { title: "agent", text: ({ manifest }) => manifest.name, style: () => "bold" },
      { title: "model", text: ({ manifest }) => worksBy(manifest) },
      { title: "skills", text: ({ manifest }) => manifest.skills.join(" ") || "-" },
      { title: "about", text: ({ manifest }) => manifest.description },
    ],
    agents,
    width,
  );
}

/** What thinks for it: a model, a program, or a tool of a server. */
function worksBy({ kind, model, command, tool }: Agent["manifest"]): string {
  return kind === "prompt" ? model : (command?.[0]?.split("/").at(-1) ?? tool ?? kind);
}

/** One agent, with what it may use. */
function agentLines(
  { manifest, prompt, file }: Agent,
  { workspace, kept }: { readonly workspace: string; readonly kept: number },
): readonly Line[] {
  const limits = Object.entries(manifest.limits).map(([name, value]) => `${name} ${String(value)}`);
  const thinks = manifest.kind === "prompt";
  return [
    [span(manifest.name, "bold"), `  ${manifest.description}`],
    ...fields([
      ["file", shortPath(file, workspace)],
      ["kind", thinks ? "" : manifest.kind],
      ["model", thinks ? manifest.model : ""],
      ["command", (manifest.command ?? []).join(" ")],
      ["tool", manifest.tool ?? ""],
      ["prompt of", manifest.prompt ?? ""],
      ["scopes", (manifest.scopes ?? []).join(", ")],
      ["home", homeWords(manifest, kept)],
      ["price", priceWords(manifest)],
      ["skills", manifest.skills.join(", ")],
      ["tools", (manifest.tools ?? []).join(", ")],
      ["agents", manifest.agents.join(", ")],
      ["limits", limits.join(", ")],
    ]),
    "",
    ...prompt.trim().split("\n").slice(0, MOST_PROMPT),
  ];
}

/** What a program that is an agent keeps for itself. */
function homeWords({ name, home }: Agent["manifest"], kept: number): string {
  if (home === undefined) return "";
  return `its own, ${mebibytes(kept)}; nanos agent clear ${name} empties it`;
}

/** What is known of a program's price before it is asked. */
function priceWords({ kind, price }: Agent["manifest"]): string {
  if (kind !== "process" && kind !== "acp") return "";
  if (price === undefined) return "unknown where it does not say: a limit on cost stops it";
  return price === "free" ? price : `$${price} a request, where it does not say`;
}

/** Lines of a prompt shown; the file has the rest. */
const MOST_PROMPT = 200;

/** An agent that is not written yet: its file, and what it would reach. */
function offerLines({ name, file, text, may, notes }: AgentOffer): readonly Line[] {
  return [
    [span(name, "bold"), span(`  ${file} would be`, "dim")],
    ...text
      .trimEnd()
      .split("\n")
      .map((line): Line => [span(`  ${line}`, "cyan")]),
    ...(may.length === 0 ? [] : [`${name} may`]),
    ...may.map((one): Line => `  ${one}`),
    ...notes.map((one): Line => [span(`  ${one}`, "dim")]),
  ];
}

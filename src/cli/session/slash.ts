import type { Nanos } from "../../contracts/nanos.ts";
import type { TraceLine } from "../../contracts/trace.ts";
import { NanosError } from "../../std/error.ts";
import { nearest } from "../../std/nearest.ts";
import { firstLine } from "../../std/text.ts";
import { agentTable } from "../commands/agent.ts";
import { askTable, runToResume } from "../commands/approvals.ts";
import { checkLines } from "../commands/doctor.ts";
import { grantTable } from "../commands/grant.ts";
import { modelTable } from "../commands/model.ts";
import { arrangementPage } from "../commands/show.ts";
import { toolTable } from "../commands/tool.ts";
import { traceTable } from "../commands/trace.ts";
import { whyLines } from "../commands/why.ts";
import { type Line, span } from "../render/line.ts";
import { traceTree } from "../render/trace/tree.ts";
import { pad } from "../render/width.ts";
import { clockTime } from "../render/words.ts";
import { attachImage, pastedImage } from "./image.ts";
import { mentions } from "./mention.ts";
import { pastLines, pastOf, pastTable, pastTo } from "./past.ts";
import type { Session } from "./session.ts";
import type { Completion } from "./view.ts";

/** A command typed in a session, after a slash. */
export interface Slash {
  readonly name: string;
  readonly about: string;
  /** What may follow it, for completion. */
  readonly offers?: (nanos: Nanos) => readonly Completion[];
  readonly run: (session: Session, rest: string) => Promise<void>;
}

/** The session's own commands, in the order /help shows them. */
export const SLASHES: readonly Slash[] = [
  {
    name: "help",
    about: "this list",
    run: async (session) => session.print(() => helpLines(session.nanos)),
  },
  {
    name: "tools",
    about: "the tools and what they may reach",
    run: async (session) => {
      const tools = await session.nanos.tools.list();
      session.print((width) => toolTable(tools, width));
    },
  },
  {
    name: "agents",
    about: "the agents; @NAME TEXT speaks to one",
    run: async (session) =>
      session.print((width) => agentTable(session.nanos.agents.list(), width)),
  },
  {
    name: "model",
    about: "the models; with a name, use that one",
    offers: (nanos) =>
      nanos.models.list().map(({ name, config }) => ({ word: name, about: config.adapter })),
    run: async (session, rest) => {
      const { models } = session.nanos;
      if (rest !== "") await models.use(rest);
      session.print((width) => modelTable(models.list(), width));
    },
  },
  {
    name: "trace",
    about: "what happened in the last run, or in RUN; all lists runs",
    offers: runs,
    run: async (session, rest) => {
      const { traces, place } = session.nanos;
      const run = rest === "" ? session.conversation.newest : rest;
      if (run === undefined || run === "all") {
        const lines = traces.list({ limit: 20 });
        session.print((width) => traceTable(lines, width));
        return;
      }
      const trace = traces.show(run);
      session.print((width) => traceTree(trace, width, place.workspace));
    },
  },
  {
    name: "why",
    about: "which layer and rule decided STEP",
    run: async (session, rest) => {
      const step = session.nanos.traces.why(needed(rest, "why STEP"));
      session.print((width) => whyLines(step, width));
    },
  },
  {
    name: "approvals",
    about: "what waits for your answer",
    run: async (session) => {
      const list = session.nanos.approvals.list();
      session.print((width) => askTable(list, session.context.clock.now(), width));
    },
  },
  {
    name: "approve",
    about: "yes to the ask ID, once",
    offers: asks,
    run: (session, rest) => answer(session, needed(rest, "approve ID"), "allow"),
  },
  {
    name: "deny",
    about: "no to the ask ID",
    offers: asks,
    run: (session, rest) => answer(session, needed(rest, "deny ID"), "deny"),
  },
  {
    name: "resume",
    about: "go on with a run that waited or was cut off",
    offers: runs,
    run: (session, rest) => {
      const run = needed(rest, "resume RUN");
      return session.drive((hooks) => session.nanos.resume(run, hooks));
    },
  },
  {
    name: "image",
    about: "give the image FILE with the next message; a pasted path does so too",
    run: async (session, rest) => attachImage(session, needed(rest, "image FILE")),
  },
  {
    name: "grants",
    about: "standing answers",
    run: async (session) => {
      const list = session.nanos.grants.list();
      session.print((width) => grantTable(list, session.context.clock.now(), width));
    },
  },
  {
    name: "show",
    about: "the whole arrangement",
    run: async (session) => {
      const tools = await session.nanos.tools.list();
      const posture = await session.nanos.models.posture();
      session.print(() => arrangementPage(session.nanos, tools, posture));
    },
  },
  {
    name: "doctor",
    about: "what is missing on this machine",
    run: async (session) => {
      const checks = await session.nanos.doctor(false);
      session.print(() => checkLines(checks));
    },
  },
  {
    name: "past",
    about: "earlier conversations; with RUN, go on with that one",
    offers: (nanos) => pastOf(nanos).map(({ newest }) => runOffer(newest)),
    run: async (session, rest) => {
      const { nanos } = session;
      if (rest === "") return session.print((width) => pastTable(pastOf(nanos), width));
      const taken = pastTo(nanos, rest);
      session.conversation.takeUp(taken);
      session.print((width) => pastLines(nanos, taken, width));
    },
  },
  {
    name: "new",
    about: "forget this conversation and begin another",
    run: async (session) => {
      session.conversation.forget();
      session.print(() => [[span("A new conversation.", "dim")]]);
    },
  },
  {
    name: "quit",
    about: "leave",
    run: async (session) => session.leave(),
  },
];

/** Words that leave, typed alone, with or without a slash. */
const LEAVE = new Set(["quit", "exit", "/exit"]);

/** The slash command a line means; null for a message. */
export function slashOf(nanos: Nanos, line: string): { command: Slash; rest: string } | null {
  const image = pastedImage(line);
  if (image !== null) return { command: slash("image"), rest: image };
  if (LEAVE.has(line)) return { command: slash("quit"), rest: "" };
  const [, name, rest] = /^\/([\w:-]+)(?:\s+(.*))?$/su.exec(line) ?? [];
  if (name === undefined) return null;
  const known = [...SLASHES, ...skillSlashes(nanos)];
  const command = known.find((one) => one.name === name);
  if (command !== undefined) return { command, rest: rest?.trim() ?? "" };
  const near = nearest(
    name,
    known.map((one) => one.name),
  );
  throw new NanosError(
    "session.unknown_command",
    `There is no command /${name}.`,
    near === undefined ? "/help lists them." : `Did you mean /${near}?`,
  );
}

function slash(name: string): Slash {
  const found = SLASHES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`bug: no slash command ${name}`);
  return found;
}

/** What skills bring. A name the session has itself means the session's own. */
function skillSlashes(nanos: Nanos): readonly Slash[] {
  return nanos.commands.map(({ name: short, skill, description, clash }): Slash => {
    const taken = SLASHES.some((one) => one.name === short);
    const name = taken ? `${skill}:${short}` : short;
    const why = taken ? `/${short} is the session's own` : clash;
    return {
      name,
      about: why === undefined ? description : `${description} (${why})`,
      run: (session, rest) =>
        session.drive((hooks) => session.conversation.begin(`/${name} ${rest}`.trim(), hooks)),
    };
  });
}

/** Words that may stand where the last one is typed: commands, agents, what follows a command. */
export async function completeWord(nanos: Nanos, typed: string): Promise<readonly Completion[]> {
  const start = typed.slice(typed.lastIndexOf(" ") + 1);
  const match = ({ word }: Completion): boolean => word.startsWith(start) && word !== start;
  if (/^\/\S*$/u.test(typed)) {
    const known = [...SLASHES, ...skillSlashes(nanos)];
    return known.map(({ name, about }) => ({ word: `/${name}`, about })).filter(match);
  }
  if (start.startsWith("@")) {
    // Only the first word can say who is spoken to; anywhere it may name a file.
    const agents = start === typed ? nanos.agents.list() : [];
    return [
      ...agents.map(({ manifest: { name, description } }) => ({
        word: `@${name}`,
        about: description,
      })),
      ...mentions(nanos.place.workspace, start),
    ].filter(match);
  }
  const command = SLASHES.find(({ name }) => typed.startsWith(`/${name} `));
  return (command?.offers?.(nanos) ?? []).filter(match);
}

function helpLines(nanos: Nanos): readonly Line[] {
  const all = [...SLASHES, ...skillSlashes(nanos)];
  const width = Math.max(11, ...all.map(({ name }) => name.length + 1));
  return [
    ...all.map(({ name, about }): Line => [span(`  ${pad(`/${name}`, width)} `, "bold"), about]),
    "",
    [span("  @NAME TEXT speaks to an agent; @ in the text names a file of the workspace.", "dim")],
    [span("  Enter sends, Ctrl-J makes a new line, Up brings back, Tab completes.", "dim")],
    [span("  Ctrl-C stops a turn; a second one leaves.", "dim")],
  ];
}

function needed(rest: string, usage: string): string {
  if (rest !== "") return rest;
  throw new NanosError("session.argument", `/${usage} needs a name.`, "Tab shows what there is.");
}

async function answer(session: Session, id: string, verdict: "allow" | "deny"): Promise<void> {
  const { approvals, traces } = session.nanos;
  const ask = approvals.show(id);
  await approvals.answer(id, { verdict, reach: "once" });
  const said = verdict === "allow" ? span("approved ", "green") : span("denied ", "red");
  session.print(() => [
    [said, ask.name, span(`  /resume ${runToResume(traces, ask)} goes on`, "dim")],
  ]);
}

function runs(nanos: Nanos): readonly Completion[] {
  return nanos.traces.list({ limit: 20 }).map(runOffer);
}

/** A run with when it was and what was said, as its name says neither. */
function runOffer({ run, at, request }: TraceLine): Completion {
  return { word: run, about: `${clockTime(at)}  ${firstLine(request, 200)}` };
}

function asks(nanos: Nanos): readonly Completion[] {
  return nanos.approvals.list().map(({ id, agent, name }) => ({
    word: id,
    about: `${agent} wants ${name}`,
  }));
}

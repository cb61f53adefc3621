import { relative } from "node:path";
import type { Found, ModelLine, Nanos, StarterLine, TrustView } from "../contracts/nanos.ts";
import { NanosError } from "../std/error.ts";
import type { Context } from "./command.ts";
import { type Line, paintAll, span } from "./render/line.ts";
import { trustLines } from "./render/trust.ts";
import { wrap } from "./render/width.ts";

/** The starter taken where nobody is asked. */
export const FIRST_STARTER = "indie-developer";

/**
 * Opens a home that has an arrangement to work with. Where there is none yet, or a project's was
 * never trusted, a person at the terminal is asked; without one it is a `NanosError` that says
 * what to do. `--yes` takes a starter; it never trusts a folder.
 */
export async function ready(context: Context): Promise<Nanos> {
  const found = await context.look();
  say(
    context,
    (found.notes ?? []).map((note) => [span(note, "dim")]),
  );
  switch (found.kind) {
    case "ready":
      return context.nanos();
    case "empty":
      await setUp(context, found);
      return context.nanos();
    case "untrusted":
      await askTrust(context, found.trust);
      return context.nanos();
  }
}

async function setUp(context: Context, found: Extract<Found, { kind: "empty" }>): Promise<void> {
  if (context.yes) return begin(context, FIRST_STARTER);
  if (!attended(context)) {
    throw new NanosError(
      "home.empty",
      "There is no arrangement here or in the home yet.",
      `Add --yes to begin with the starter ${FIRST_STARTER}, or run nanos init --from STARTER.`,
    );
  }
  say(context, [[span("Nothing is set up yet.", "bold")]]);
  const starter = await chooseStarter(context, found.starters);
  await begin(context, starter);
  await offerAgents(context);
  await offerModels(context, await context.nanos());
}

/** Makes the arrangement, and says in one line that it did. */
async function begin(context: Context, starter: string): Promise<void> {
  const made = await (await context.house()).init(context.options, starter);
  const line = `set up ${starter} in ${made.dir}; the built-in rules answer, no network`;
  say(context, [[span(line, "dim")]]);
}

/** True when a person can be asked: they see standard error and type on standard input. */
export function attended({ terminal, json }: Context): boolean {
  return terminal.inTty && terminal.errTty && !json;
}

/** Asks which starter to begin with; Enter takes the suggested one. */
export async function chooseStarter(
  context: Context,
  starters: readonly StarterLine[],
): Promise<string> {
  const ordered = starters.toSorted(
    (a, b) => Number(b.name === FIRST_STARTER) - Number(a.name === FIRST_STARTER),
  );
  say(context, ["Which starter?"]);
  const at = await choose(
    context,
    ordered.map(({ name, description }) => ({ name, about: description })),
  );
  return ordered[at]?.name ?? FIRST_STARTER;
}

/** Models found on this machine, offered once. Keeping the built-in rules is always first. */
async function offerModels(context: Context, nanos: Nanos): Promise<void> {
  const found = await nanos.models.discover();
  if (found.length === 0) {
    say(context, [[span("No model was found here; nanos model add NAME adds one.", "dim")]]);
    return;
  }
  say(context, [[span("Found on this machine.", "bold"), " What should it think with?"]]);
  const rules = { name: "rules", about: "built in: no model, answers from routes.yaml" };
  const at = await choose(context, [rules, ...found.map(modelChoice)]);
  const chosen = found[at - 1];
  if (chosen === undefined) return;
  await nanos.models.add(chosen.name, chosen.config);
  await nanos.models.use(chosen.name);
}

/** Agents found on PATH, each offered once. None is started; what is written is shown before. */
async function offerAgents(context: Context): Promise<void> {
  const { openNanos } = await context.house();
  // What is written counts from the next opening on, which is the session's own.
  const nanos = await openNanos(context.options);
  try {
    const found = nanos.agents.found();
    if (found.length === 0) return;
    const names = found.map(({ name }) => name).join(", ");
    const { home, workspace } = nanos.place;
    if (!relative(workspace, home).startsWith("..")) {
      // Working here they would reach the home, which nothing may.
      const how = "nanos init . there, then nanos agent wrap NAME.";
      say(context, [
        [span(`On PATH: ${names}.`, "bold"), " Each can work for you in a project:"],
        how,
      ]);
      return;
    }
    say(context, [[span(`On PATH: ${names}.`, "bold"), " Each can work for you as an agent."]]);
    for (const offer of found) {
      const may = offer.may.map((one): Line => [span(`${INDENT}may ${one}`, "dim")]);
      say(context, [[`${offer.name} in ${offer.file}, held by the sandbox:`], ...may]);
      if (await confirm(context, `Make ${offer.name} an agent? It is not started. y/N `)) {
        await nanos.agents.add(offer);
      }
    }
  } finally {
    await nanos.close();
  }
}

function modelChoice({ name, config }: ModelLine): { name: string; about: string } {
  const about = [config.adapter, config.model, config.url, config.keyEnv];
  return { name, about: about.filter(Boolean).join(" · ") };
}

const INDENT = "     ";

/** A numbered list; Enter takes the first, `q` leaves. Returns the index chosen. */
async function choose(
  context: Context,
  choices: readonly { readonly name: string; readonly about: string }[],
): Promise<number> {
  const { columns } = context.terminal;
  const width = (Number.isFinite(columns) ? columns : 80) - INDENT.length;
  const lines = choices.flatMap(({ name, about }, i): Line[] => [
    [span(`  ${i + 1}  `, "bold"), name, span(i === 0 ? "  (Enter)" : "", "green")],
    ...wrap(about, width).map((part): Line => [span(`${INDENT}${part}`, "dim")]),
  ]);
  say(context, lines);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const typed = await context.terminal.question("> ");
    if (typed === null || typed.trim() === "q") break;
    if (typed.trim() === "") return 0;
    const named = choices.findIndex(({ name }) => name === typed.trim());
    const at = named === -1 ? Number(typed.trim()) - 1 : named;
    if (choices[at] !== undefined) return at;
    say(context, [`Type a number from 1 to ${choices.length}, or q to leave.`]);
  }
  throw new NanosError(
    "home.empty",
    "Nothing was chosen, and nothing was set up.",
    "Run nanos again, or nanos init --from STARTER.",
  );
}

/** Wrong answers taken before a question gives up. */
const MOST_TRIES = 5;

async function askTrust(context: Context, view: TrustView): Promise<void> {
  if (attended(context)) {
    say(context, trustLines(view));
    if (await confirm(context, "Trust this folder? y/N ")) {
      await (await context.house()).trust(context.options, view);
      return;
    }
  }
  throw new NanosError(
    "home.untrusted",
    view.changed
      ? `${view.dir} changed since it was trusted.`
      : `${view.dir} was never trusted, so nothing of it is used.`,
    `nanos trust ${view.dir} shows what it would run and read, and asks.`,
  );
}

/**
 * Whether what was just shown is said yes to: typed, or by `--yes`, both a person's own words.
 *
 * @throws NanosError the one given, where nobody is there to be asked.
 */
export async function agree(
  context: Context,
  question: string,
  alone: readonly [code: string, message: string, next: string],
): Promise<boolean> {
  if (context.yes) return true;
  if (!attended(context)) throw new NanosError(...alone);
  return confirm(context, question);
}

/** True for a clear yes; Enter alone is a no. */
export async function confirm(context: Context, question: string): Promise<boolean> {
  const typed = await context.terminal.question(question);
  return /^y(?:es)?$/iu.test(typed?.trim() ?? "");
}

function say({ terminal }: Context, lines: readonly Line[]): void {
  if (lines.length > 0) terminal.err(paintAll(lines, terminal.color("err")));
}

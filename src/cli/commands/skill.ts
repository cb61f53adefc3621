import { resolve } from "node:path";
import type { SkillCheck, SkillOffer, SkillView } from "../../contracts/skill.ts";
import { arg, type Command, type Context, flag, type Input, option, show } from "../command.ts";
import { EXIT } from "../exit.ts";
import { reportLines } from "./check.ts";
import { caseLines } from "../render/cases/lines.ts";
import { type Line, paintAll, span } from "../render/line.ts";
import {
  changesLines,
  findingLines,
  mayLines,
  offerLines,
  skillLines,
  skillTable,
} from "../render/trust.ts";
import { agree, attended } from "../setup.ts";

const SKILL = { name: "SKILL", about: "the skill", required: true, offers: "skills" } as const;
const AGENT = { name: "AGENT", about: "the agent", required: true, offers: "agents" } as const;

export const command: Command = {
  name: "skill",
  summary: "what agents can be given: skills, servers, single tools",
  example: "nanos skill show web",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all of them, with their grants",
      example: "nanos skill list --json",
      run: async (context) => {
        const skills = await (await context.nanos()).skills.list();
        await show(context, skills, () => skillTable(skills, context.terminal.columns));
        return EXIT.succeeded;
      },
    },
    {
      name: "show",
      summary: "what one may do, and what changed since it was granted",
      example: "nanos skill show web",
      args: [SKILL],
      run: async (context, input) => {
        const view = await (await context.nanos()).skills.show(arg(input, "SKILL"));
        await show(context, view, () => skillLines(view));
        return EXIT.succeeded;
      },
    },
    {
      name: "install",
      summary: "read a skill from a folder, archive or git address, then put it in",
      example: "nanos skill install ./pdf.tar.gz",
      args: [
        {
          name: "SOURCE",
          about: "folder, .tar.gz or git address",
          required: true,
          offers: "folders",
        },
      ],
      options: [
        { flag: "--path", value: "DIR", about: "which folder of it, where it holds several" },
        {
          flag: "--scope",
          value: "SCOPE",
          about: "what it may reach, where it says nothing of that: read:./docs",
          many: true,
        },
        { flag: "--anyway", about: "also with what harmful skills hold" },
      ],
      run: install,
    },
    {
      name: "attach",
      summary: "give a skill to an agent, after reading what it may do",
      example: "nanos skill attach web research --net example.org:443",
      args: [SKILL, AGENT],
      options: [
        { flag: "--net", value: "HOST:PORT", about: "a destination said yes to", many: true },
        { flag: "--exec", value: "PROGRAM", about: "a program said yes to", many: true },
      ],
      run: attach,
    },
    {
      name: "detach",
      summary: "take a skill from an agent; a run that goes on stops using it",
      example: "nanos skill detach web research",
      args: [SKILL, AGENT],
      run: async (context, input) => {
        const [skill, agent] = [arg(input, "SKILL"), arg(input, "AGENT")];
        await (await context.nanos()).skills.detach(skill, agent);
        await show(context, { skill, agent }, () => [
          [span("detached ", "green"), `${skill} from ${agent}`],
        ]);
        return EXIT.succeeded;
      },
    },
    {
      name: "check",
      summary: "a skill against what was installed, or what is wrong with a folder of one",
      example: "nanos skill check pdf",
      args: [{ ...SKILL, about: "the skill, or ./FOLDER of one" }],
      run: checkSkill,
    },
    {
      name: "test",
      summary: "run a skill's own cases, with recorded models in an empty home",
      example: "nanos skill test pdf",
      args: [SKILL],
      run: async (context, input) => {
        const results = await (await context.nanos()).skills.test(arg(input, "SKILL"));
        await show(context, results, () => caseLines(results));
        const isGood = results.every(({ failures }) => failures.length === 0);
        return isGood ? EXIT.succeeded : EXIT.failed;
      },
    },
    {
      name: "rm",
      summary: "take a skill out of the arrangement",
      example: "nanos skill rm pdf",
      args: [SKILL],
      run: async (context, input) => {
        const skill = arg(input, "SKILL");
        const kept = await (await context.nanos()).skills.remove(skill);
        await show(context, { skill, kept }, () => [
          [span("removed ", "green"), skill],
          [span(`nanos skill install ${kept} brings it back`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
  ],
};

async function install(context: Context, input: Input): Promise<number> {
  const { skills } = await context.nanos();
  const path = option(input, "--path");
  const scopes = input.options["--scope"];
  const offer = await skills.offer(arg(input, "SOURCE"), { path, scopes });
  const { name, there, from } = offer;
  if (there === "same") {
    await show(context, offer, () => [[span("same ", "green"), `${name} is installed as it is`]]);
    return EXIT.succeeded;
  }
  say(context, offerLines(offer));
  const yes = await agreed(context, offer, flag(input, "--anyway"));
  if (yes === null) {
    context.terminal.err("Not installed. Nothing was written.\n");
    return EXIT.denied;
  }
  await skills.install(offer, yes);
  await show(context, offer, () => [
    [span("installed ", "green"), `${name} from ${from}`],
    [span(`nanos skill attach ${name} AGENT gives it to an agent`, "dim")],
  ]);
  return EXIT.succeeded;
}

/** A yes, null for a no. What harmful skills hold takes a word that is not typed by habit. */
async function agreed(
  context: Context,
  { name, findings }: SkillOffer,
  anyway: boolean,
): Promise<{ anyway: boolean } | null> {
  const severe = findings.some(({ severity }) => severity === "severe");
  if (severe && !anyway) {
    // Without the word it is refused, and the refusal says what there is to read.
    if (context.yes || !attended(context)) return { anyway: false };
    const ask = `Type ${name} to install it all the same: `;
    const typed = await context.terminal.typed(ask, new AbortController().signal);
    return typed === name ? { anyway: true } : null;
  }
  const yes = await agree(context, `Install ${name}? y/N `, [
    "install.unanswered",
    `Nobody is here to say yes, so ${name} was not installed.`,
    "Read what it is above, then add --yes.",
  ]);
  return yes ? { anyway } : null;
}

async function attach(context: Context, input: Input): Promise<number> {
  const [name, agent] = [arg(input, "SKILL"), arg(input, "AGENT")];
  const { "--net": net, "--exec": exec } = input.options;
  const { skills } = await context.nanos();
  const wish = { ...(net === undefined ? {} : { net }), ...(exec === undefined ? {} : { exec }) };
  const view = await skills.preview(name, wish);
  say(context, attachLines(view, agent));
  const yes = await agree(context, `Give ${name} to ${agent}? y/N `, [
    "skill.unanswered",
    `Nobody is here to say yes, so ${agent} does not get ${name}.`,
    "Read what it may do above, then add --yes.",
  ]);
  if (!yes) {
    context.terminal.err("Not attached. Nothing was changed.\n");
    return EXIT.denied;
  }
  const grant = await skills.attach(name, agent, { ...wish, hash: view.hash });
  await show(context, grant, () => [
    [span("attached ", "green"), `${name} to ${agent}`],
    [span(`nanos skill detach ${name} ${agent} takes it back`, "dim")],
  ]);
  return EXIT.succeeded;
}

/** What the agent would get, in plain words, before the yes. */
function attachLines(view: SkillView, agent: string): readonly Line[] {
  return [
    [span(view.name, "bold"), `  ${view.description}`],
    `${agent} would get it. It`,
    ...mayLines(view),
    ...(view.changes === null ? [] : changesLines(view.changes)),
  ];
}

function checkLines({ name, hash, state, from, findings, more }: SkillCheck): readonly Line[] {
  const style = state === "as installed" ? "green" : "yellow";
  const source = from === null ? "" : ` from ${from}`;
  return [
    [span(`${state} `, style), `${name}${source}`, span(`  ${hash.slice(0, 16)}`, "dim")],
    ...findingLines(findings, more),
  ];
}

/** A name is of an installed skill; a path is of a folder that may become one. */
async function checkSkill(context: Context, input: Input): Promise<number> {
  const given = arg(input, "SKILL");
  if (given.includes("/") || given === ".") {
    const report = await (await context.house()).check(resolve(context.options.cwd ?? ".", given));
    await show(context, report, () => reportLines(report));
    return report.ok ? EXIT.succeeded : EXIT.usage;
  }
  const checked = await (await context.nanos()).skills.check(given);
  await show(context, checked, () => checkLines(checked));
  const bad = checked.findings.some(({ severity }) => severity === "severe");
  return bad || checked.state === "changed" ? EXIT.failed : EXIT.succeeded;
}

function say({ terminal }: Context, lines: readonly Line[]): void {
  terminal.err(paintAll(lines, terminal.color("err")));
}

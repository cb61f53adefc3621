import type { Grant } from "../../contracts/config.ts";
import type { SkillView } from "../../contracts/skill.ts";
import { NanosError } from "../../std/error.ts";
import {
  arg,
  type Command,
  type Context,
  dayIn,
  flag,
  type Input,
  option,
  show,
} from "../command.ts";
import { EXIT } from "../exit.ts";
import { type Line, span } from "../render/line.ts";
import { table } from "../render/table.ts";
import { changesLines, mayLines } from "../render/trust.ts";
import { clockTime } from "../render/words.ts";
import { agree } from "../setup.ts";

export const command: Command = {
  name: "grant",
  summary: "standing answers: what a skill may reach without asking",
  example: "nanos grant add web --net 127.0.0.1:4321 --until 2026-12-31",
  alone: "list",
  subs: [
    {
      name: "list",
      summary: "all grants of this workspace",
      example: "nanos grant list --json",
      run: async (context) => {
        const grants = (await context.nanos()).grants.list();
        await show(context, grants, () =>
          grantTable(grants, context.clock.now(), context.terminal.columns),
        );
        return EXIT.succeeded;
      },
    },
    {
      name: "add",
      summary: "let a skill use its declared reach, and name what it need not ask for",
      example: "nanos grant add web --net example.org:443",
      args: [{ name: "SKILL", about: "the skill", required: true, offers: "skills" }],
      options: [
        { flag: "--net", value: "HOST:PORT", about: "a destination said yes to", many: true },
        { flag: "--exec", value: "PROGRAM", about: "a program said yes to", many: true },
        { flag: "--read", value: "PATH", about: "a place outside it may read", many: true },
        { flag: "--until", value: "DATE", about: "void after that day, like 2026-12-31" },
        { flag: "--run", value: "RUN", about: "only for that run", offers: "runs" },
        { flag: "--mission", value: "MISSION", about: "only for that mission", offers: "runs" },
        { flag: "--unconfined", about: "run it where no sandbox holds it; each use then asks" },
      ],
      run: add,
    },
    {
      name: "revoke",
      summary: "take a skill's grant back",
      example: "nanos grant revoke web",
      args: [{ name: "SKILL", about: "the skill", required: true, offers: "skills" }],
      run: async (context, input) => {
        const skill = arg(input, "SKILL");
        const revoked = await (await context.nanos()).grants.revoke(skill);
        if (!revoked) {
          throw new NanosError(
            "grant.not_found",
            `${skill} has no grant here.`,
            "nanos grant list shows those there are.",
          );
        }
        await show(context, { skill, revoked }, () => [
          [span("revoked ", "green"), skill],
          [span(`it does nothing until nanos grant add ${skill}`, "dim")],
        ]);
        return EXIT.succeeded;
      },
    },
  ],
};

async function add(context: Context, input: Input): Promise<number> {
  const until = dayIn(input, "--until", context.clock.now());
  const { "--net": net, "--exec": exec, "--read": read } = input.options;
  const nanos = await context.nanos();
  const mission = option(input, "--mission");
  // A mission is a run; naming one that is none is a slip.
  const run = mission === undefined ? option(input, "--run") : nanos.missions.show(mission).run;
  const name = arg(input, "SKILL");
  const view = await nanos.skills.show(name);
  if (!(await seen(context, view))) {
    context.terminal.err("Not granted. It stays suspended.\n");
    return EXIT.denied;
  }
  const grant = await nanos.grants.add(name, {
    hash: view.hash,
    ...(net === undefined ? {} : { net }),
    ...(exec === undefined ? {} : { exec }),
    ...(read === undefined ? {} : { read }),
    ...(until === undefined ? {} : { until }),
    ...(run === undefined ? {} : { run }),
    ...(flag(input, "--unconfined") && { unconfined: true }),
  });
  const now = await nanos.skills.show(name);
  await show(context, grant, () => [
    [span("granted ", "green"), grant.skill],
    ...mayLines(now),
    ...(grant.unconfined === undefined ? [] : UNCONFINED),
    [span(`nanos grant revoke ${grant.skill} takes it back`, "dim")],
  ]);
  return EXIT.succeeded;
}

const UNCONFINED: readonly Line[] = [
  [
    span(
      "unconfined: where no sandbox holds it, it has all your rights and each use asks",
      "yellow",
    ),
  ],
];

/** Whoever said yes to something else is shown what changed, and says yes to that first. */
async function seen(context: Context, view: SkillView): Promise<boolean> {
  if (view.changes === null) return true;
  const { paintAll } = await import("../render/line.ts");
  const lines = [[span(view.name, "bold")], ...mayLines(view), ...changesLines(view.changes)];
  context.terminal.err(paintAll(lines, context.terminal.color("err")));
  return agree(context, "Grant it as it is now? y/N ", [
    "grant.unanswered",
    `${view.name} changed since it was granted, and nobody is here to say yes to that.`,
    "Read what changed above, then add --yes.",
  ]);
}

/** Grants as a table; an expired one says so. */
export function grantTable(grants: readonly Grant[], now: number, width: number): readonly Line[] {
  if (grants.length === 0) return ["No grants. nanos grant add SKILL gives one."];
  return table(
    [
      { title: "skill", text: ({ skill }) => skill, style: () => "bold" },
      { title: "until", text: (grant) => until(grant, now) },
      { title: "reach", text: reachOf },
    ],
    grants,
    width,
  );
}

function reachOf({ scopes, revoked, agent, unconfined }: Grant): string {
  if (revoked === true) return agent === undefined ? "nothing" : `nothing, for ${agent}`;
  const reach = scopes.join(" ") || "what it declares";
  return unconfined === undefined ? reach : `UNCONFINED ${reach}`;
}

function until({ expires, run, revoked }: Grant, now: number): string {
  if (revoked === true) return "revoked";
  if (run !== undefined) return `run ${run}`;
  if (expires === undefined) return "no end";
  return expires <= now ? "expired" : clockTime(expires);
}

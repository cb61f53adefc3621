import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { init, type Nanos, openNanos, type OpenOptions, trust, trustView } from "../src/nanos.ts";
import { codeOf } from "../src/std/error.ts";
import { SETTLE_MS } from "../src/cli/keyboard/settled.ts";
import { useScript } from "./support/hand.ts";
import { command, person } from "./support/nanos.ts";
import { openScreen } from "./support/screen.ts";

setDefaultTimeout(60_000);

/** What others change of an arrangement is there at the next request of who has it open. */

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

interface Open {
  readonly options: OpenOptions;
  /** The arrangement's folder. */
  readonly dir: string;
  readonly nanos: Nanos;
}

async function opened(inProject = false): Promise<Open> {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-renew-")));
  folders.push(folder);
  const project = join(folder, "project");
  fs.mkdirSync(project);
  const options = { home: join(folder, "home"), cwd: project, env: {} };
  await init(options, "toy", inProject ? project : undefined);
  const dir = inProject ? join(project, ".nano-os") : join(folder, "home");
  return { options, dir, nanos: await openNanos(options) };
}

function write({ dir }: Open, path: string, text: string): void {
  fs.mkdirSync(dirname(join(dir, path)), { recursive: true });
  fs.writeFileSync(join(dir, path), text);
}

const skill = (name: string, description = "By hand."): string =>
  `---\nname: ${name}\ndescription: ${description}\n---\nText.\n`;

/** From another terminal. */
async function elsewhere(
  { options }: Open,
  act: (nanos: Nanos) => Promise<unknown>,
): Promise<void> {
  const other = await openNanos(options);
  await act(other);
  await other.close();
}

const CASES: readonly (readonly [
  what: string,
  change: (open: Open) => Promise<unknown> | void,
  news: readonly string[],
])[] = [
  ["nothing", () => undefined, []],
  [
    "a skill laid there",
    (open) => write(open, "skills/calendar/SKILL.md", skill("calendar")),
    ["skill calendar is new here"],
  ],
  [
    "a skill that goes",
    ({ dir }) => fs.rmSync(join(dir, "skills/old"), { recursive: true }),
    ["skill old is gone"],
  ],
  [
    "an agent that is new, and one that gets it",
    (open) => {
      write(open, "agents/coder.md", "---\nname: coder\ndescription: Codes.\n---\nYou code.\n");
      fs.appendFileSync(join(open.dir, "agents/oracle.md"), "\nAsk the coder.\n");
    },
    ["agent coder is new here", "agent oracle changed"],
  ],
  [
    "a model that is added, and one that is used",
    (open) =>
      elsewhere(open, async ({ models }) => {
        await models.add("big", { adapter: "ollama", url: "http://127.0.0.1:9", model: "big" });
        await models.use("big");
      }),
    ["model big is new here", "model big answers now"],
  ],
  [
    "much at once",
    (open) => {
      for (let n = 0; n < 9; n++) write(open, `skills/s${n}/SKILL.md`, skill(`s${n}`));
    },
    [...Array.from({ length: 6 }, (_, n) => `skill s${n} is new here`), "3 more changed"],
  ],
];

describe("an open home", () => {
  test.each(CASES)("takes up %s", async (_, change, news) => {
    const open = await opened();
    const { nanos } = open;
    try {
      write(open, "skills/old/SKILL.md", skill("old"));
      expect(await nanos.renew()).toEqual(["skill old is new here"]);
      const before = nanos.arrangement;
      await change(open);
      expect((await nanos.renew()).toSorted()).toEqual([...news].toSorted());
      const isSame = news.every((line) => line.startsWith("model "));
      expect(nanos.arrangement === before).toBe(isSame);
      const now = nanos.arrangement;
      expect(await nanos.renew()).toEqual([]);
      expect(nanos.arrangement).toBe(now);
      const fresh = await openNanos(open.options);
      expect(nanos.arrangement.hash).toBe(fresh.arrangement.hash);
      expect(nanos.models.list()).toEqual(fresh.models.list());
      await fresh.close();
    } finally {
      await nanos.close();
    }
  });

  test("goes on as it was while there is a mistake in it, and takes all up once that is mended", async () => {
    const open = await opened();
    const { nanos } = open;
    write(open, "skills/calendar/SKILL.md", skill("calendar"));
    write(open, "agents/coder.md", "---\nnmae: coder\n---\nYou code.\n");
    expect(await nanos.renew().catch(codeOf)).toBe("manifest.invalid");
    expect(await nanos.renew()).toEqual([]);
    const { done } = await nanos.run({ text: "echo hello" });
    expect(await done).toMatchObject({ ended: { outcome: "succeeded" } });
    write(open, "agents/coder.md", "---\nname: coder\ndescription: C.\n---\nYou code.\n");
    const news = ["agent coder is new here", "skill calendar is new here"];
    expect((await nanos.renew()).toSorted()).toEqual(news);
    await nanos.close();
  });

  test("of a project takes up nothing that was not trusted, and all of it once it is", async () => {
    const open = await opened(true);
    const { nanos, options } = open;
    const { hash } = nanos.arrangement;
    write(open, "skills/calendar/SKILL.md", skill("calendar"));
    expect(await nanos.renew().catch(codeOf)).toBe("trust.changed");
    expect(await nanos.renew()).toEqual([]);
    expect(nanos.arrangement.hash).toBe(hash);
    await trust(options, await trustView(options, nanos.place.workspace));
    expect(await nanos.renew()).toEqual(["skill calendar is new here"]);
    // What the operator does by nanos itself was said yes to.
    await elsewhere(open, ({ skills }) => skills.attach("calendar", "oracle"));
    expect(await nanos.renew()).toEqual(["agent oracle changed"]);
    expect(nanos.arrangement.agents.get("oracle")?.manifest.skills).toContain("calendar");
    await nanos.close();
  });

  test("tells a tool that changed once for each change, and a run keeps what it began with", async () => {
    const open = await opened();
    const { nanos } = open;
    const tool = (says: string, wait = ""): string =>
      `import { tool, z } from "nanos/tool";
export default tool({ name: "speak", description: "S.", input: z.object({}),
  run: async () => { ${wait} return "${says}"; } });`;
    const speak = async (): Promise<string> => {
      const { done } = await nanos.tools.call("speak", {});
      const state = await done;
      if (state.state !== "ended") return state.state;
      return state.ended.failure?.message ?? state.ended.text;
    };
    write(open, "tools/speak.ts", tool("one"));
    expect(await nanos.renew()).toEqual(["tool speak is new here"]);
    await nanos.grants.add("speak");
    expect(await speak()).toBe("one");
    const held = "await new Promise((resolve) => setTimeout(resolve, 300));";
    for (const says of ["two", "three"]) {
      write(open, "tools/speak.ts", tool(says, held));
      expect(await speak()).toContain("changed since it was loaded");
      expect(await nanos.renew()).toEqual(["tool speak changed"]);
      await nanos.grants.add("speak");
      const going = speak();
      write(open, "skills/calendar/SKILL.md", skill("calendar", says));
      // What goes on is not stopped by it, though the parts it uses are others now.
      await Promise.all([nanos.renew(), nanos.renew(), nanos.renew()]);
      expect(await going).toBe(says);
      await nanos.tools.list();
    }
    await nanos.close();
  });
});

test("a session takes up what is new before a request, and asks before it takes up a stranger's", async () => {
  using me = person();
  await me.nanos("init", "--from", "toy");
  await useScript(me, [{ say: "Fine." }]);
  const project = join(me.userHome, "work");
  await me.nanos("init", project, "--from", "toy");
  const own = join(me.userHome, ".nano-os");
  fs.mkdirSync(join(project, ".nano-os/models"), { recursive: true });
  fs.copyFileSync(join(own, "models/by-hand.yaml"), join(project, ".nano-os/models/by-hand.yaml"));
  await me.run(["trust", ".", "--yes", "--home", own], { cwd: project });
  const screen = openScreen(me.userHome, ["--home", own]);
  const strange = openScreen(project, ["--home", own]);
  if (screen === null || strange === null) {
    console.log("not available: a screen to look at (apt install tmux)");
    return;
  }
  try {
    for (const [one, dir] of [
      [screen, own],
      [strange, join(project, ".nano-os")],
    ] as const) {
      await one.until("twice leaves");
      fs.mkdirSync(join(dir, "skills/calendar"), { recursive: true });
      fs.writeFileSync(join(dir, "skills/calendar/SKILL.md"), skill("calendar"));
      one.type("how are you");
      one.press("Enter");
    }
    await screen.until("skill calendar is new here");
    await screen.until("Fine.");
    await strange.until("y yes · n no");
    expect(strange.lines().join("\n")).toContain("skills/calendar/SKILL.md");
    // A card stands a while before keys count.
    await Bun.sleep(2 * SETTLE_MS);
    strange.type("n");
    await strange.until("goes on as it was");
    await strange.until("Fine.");
    fs.appendFileSync(join(project, ".nano-os/skills/calendar/SKILL.md"), "More.\n");
    strange.type("and now");
    strange.press("Enter");
    await strange.until("y yes · n no");
    await Bun.sleep(2 * SETTLE_MS);
    strange.type("y");
    await strange.until("skill calendar is new here");
  } finally {
    screen.close();
    strange.close();
  }
  // Where nobody is there to be asked, nothing goes on.
  const piped = Bun.spawn([...command(), "--home", own], {
    ...{ cwd: project, env: { PATH: process.env["PATH"] ?? "", HOME: me.userHome } },
    ...{ stdin: "pipe", stdout: "pipe", stderr: "pipe" },
  });
  const reader = piped.stdout.getReader();
  void piped.stdin.write("how are you\n");
  await piped.stdin.flush();
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain("Fine.");
  fs.appendFileSync(join(project, ".nano-os/skills/calendar/SKILL.md"), "And more.\n");
  void piped.stdin.write("and now\nand then\n");
  await piped.stdin.end();
  expect(await piped.exited).toBe(2);
  expect(await new Response(piped.stderr).text()).toContain("(trust.changed)");
});

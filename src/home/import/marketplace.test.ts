import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../std/limits.ts";
import { openHome } from "../home.ts";
import { refusal, SMALL, testFolder, under } from "../testing/folder.ts";
import { listedIn, offerOf } from "../testing/importing.ts";

const HOME = under(".nano-os", SMALL);
const SKILL = "---\nname: tone\ndescription: Tone.\n---\nBe kind.\n";
const market = (plugins: readonly unknown[], more = {}): Record<string, string> => ({
  ".claude-plugin/marketplace.json": JSON.stringify({ name: "m", owner: {}, plugins, ...more }),
});
const paths = ({ files }: { files: readonly { path: string }[] }): string[] =>
  files.map(({ path }) => path).toSorted();

describe("a marketplace of Claude Code", () => {
  const TWO = {
    ...market([
      { name: "tone", description: "Kind\u001b[2J words", source: "./plugins/tone" },
      { name: "drafts", source: "./plugins/drafts" },
      { name: "far", source: { source: "github", repo: "a/b" } },
    ]),
    "plugins/tone/.claude-plugin/plugin.json": '{"name":"tone"}',
    "plugins/tone/skills/tone/SKILL.md": SKILL,
    "plugins/drafts/commands/draft.md": "---\ndescription: Drafts\n---\nDraft $ARGUMENTS.\n",
    "other/secret.md": "x",
  };

  test("is listed, and one of it is brought in when it is named", async () => {
    using folder = testFolder({ ...HOME, ...under("market", TWO) });
    expect(await listedIn(folder, "market")).toEqual([
      { name: "tone", about: "Kind words", here: true },
      { name: "drafts", about: "", here: true },
      { name: "far", about: "", here: false },
    ]);
    const made = await offerOf(folder, "market", "drafts");
    expect(made.format).toBe("claude-plugin");
    expect(paths(made)).toEqual(["skills/drafts/SKILL.md", "skills/drafts/nanos.yaml"]);
    await made.apply();
    const home = openHome({ home: join(folder.dir, ".nano-os"), cwd: folder.dir, env: {} });
    const { skills } = await home.arrangement();
    expect(Object.keys(skills.get("drafts")?.manifest.commands ?? {})).toEqual(["draft"]);
    expect(skills.has("tone")).toBe(false);
  });

  test.each([
    ["market", "far", "lies elsewhere, and nothing is fetched"],
    ["market", "tones", "lists no plugin tones"],
    ["market/plugins/tone", "tone", "is no marketplace"],
  ])("refuses to bring in %s %s: it %s", async (path, plugin, why) => {
    using folder = testFolder({ ...HOME, ...under("market", TWO) });
    expect(await refusal(() => offerOf(folder, path, plugin))).toMatchObject({
      code: "import.no_plugin",
      message: expect.stringContaining(why) as string,
    });
  });

  test("of one plugin is that plugin", async () => {
    const files = { ...market([{ name: "tone", source: "./" }]), "skills/tone/SKILL.md": SKILL };
    using folder = testFolder({ ...HOME, ...under("market", files) });
    expect(paths(await offerOf(folder, "market"))).toEqual(["skills/tone/SKILL.md"]);
  });

  test("that says itself what a plugin is made of is taken at its word, and no more", async () => {
    const files = {
      ...market([
        {
          name: "docs",
          source: "./",
          strict: false,
          skills: ["./deep/tone"],
          commands: "./one.md",
        },
        { name: "rest", source: "./", strict: false, skills: ["./deep/other"] },
      ]),
      "deep/tone/SKILL.md": SKILL,
      "deep/tone/words.md": "yes",
      "deep/other/SKILL.md": SKILL.replace("name: tone", "name: other"),
      "one.md": "Say $ARGUMENTS.\n",
    };
    using folder = testFolder({ ...HOME, ...under("market", files) });
    expect(paths(await offerOf(folder, "market", "docs"))).toEqual([
      "skills/docs/SKILL.md",
      "skills/docs/nanos.yaml",
      "skills/tone/SKILL.md",
      "skills/tone/words.md",
    ]);
  });

  test("under a root it names is read there", async () => {
    const files = {
      ...market(
        [
          { name: "a", source: "tone" },
          { name: "b", source: "./x" },
        ],
        {
          metadata: { pluginRoot: "./plugins" },
        },
      ),
      "plugins/tone/skills/tone/SKILL.md": SKILL,
    };
    using folder = testFolder({ ...HOME, ...under("market", files) });
    expect(paths(await offerOf(folder, "market", "a"))).toEqual(["skills/tone/SKILL.md"]);
  });
});

describe("a hostile marketplace", () => {
  test.each([
    "../outside",
    "/etc",
    "./../outside",
    "./a/../../outside",
    "./link",
    "./gone",
    "x",
    "./a\u0000",
  ])("leads nowhere by %j", async (source) => {
    const files = { ...HOME, ...under("market", market([{ name: "a", source }, { name: "b" }])) };
    using folder = testFolder({ ...files, "outside/skills/tone/SKILL.md": SKILL });
    symlinkSync(join(folder.dir, "outside"), join(folder.dir, "market/link"));
    expect(await refusal(() => offerOf(folder, "market", "a"))).toMatchObject({
      code: "import.no_plugin",
    });
  });

  test("leads nowhere by what a plugin is made of, or by a link within", async () => {
    const made = {
      name: "a",
      source: "./",
      strict: false,
      skills: ["../outside", "./link", 7],
      agents: ["/etc"],
    };
    const files = { ...HOME, ...under("market", market([made, { name: "b" }])) };
    using folder = testFolder({ ...files, "outside/SKILL.md": SKILL });
    symlinkSync(join(folder.dir, "outside"), join(folder.dir, "market/link"));
    expect(paths(await offerOf(folder, "market", "a"))).toEqual([]);
  });

  test("whose list is a link to another is none", async () => {
    using folder = testFolder({
      ...HOME,
      "real/marketplace.json": market([])[".claude-plugin/marketplace.json"] ?? "",
    });
    mkdirSync(join(folder.dir, "market"));
    symlinkSync(join(folder.dir, "real"), join(folder.dir, "market/.claude-plugin"));
    expect(await refusal(() => offerOf(folder, "market"))).toMatchObject({
      code: "import.unknown",
    });
  });

  test("that is huge, or names one folder a thousand times, is bounded", async () => {
    const many = Array.from({ length: LIMITS.marketplacePlugins + 9 }, () => ({
      name: "x",
      source: "./x",
    }));
    using folder = testFolder({ ...HOME, ...under("market", { ...market(many), "big/a": "" }) });
    expect(await listedIn(folder, "market")).toHaveLength(LIMITS.marketplacePlugins);
    writeFileSync(join(folder.dir, "market/big/a"), "x".repeat(LIMITS.treeBytes - 9));
    const skills = Array.from({ length: 3 }, (_, n) =>
      n === 0 ? "./big" : `${"./".repeat(n)}big/`,
    );
    const twice = market([{ name: "a", source: "./", skills }, { name: "b" }]);
    for (const [path, text] of Object.entries(twice))
      writeFileSync(join(folder.dir, "market", path), text);
    expect(await refusal(() => offerOf(folder, "market", "a"))).toMatchObject({
      code: "home.too_large",
    });
  });

  test.each(["[]", "{", '{"plugins": 7}', '{"plugins": [null, 7, {"source": 3}]}'])(
    "with %s for a list is no marketplace, or lists nothing",
    async (text) => {
      using folder = testFolder({ ...HOME, "market/.claude-plugin/marketplace.json": text });
      const came = await refusal(() => offerOf(folder, "market"));
      expect(["import.unknown", "import.no_plugin", "home.too_large"]).toContain(
        String(came?.code),
      );
    },
  );
});

describe("members of Nanocoder in a file of their own", () => {
  const COMMAND =
    "---\ndescription: Weekly\nsubscribe: [{ kind: schedule.cron, cron: '0 9 * * MON' }]\n---\nSum up.\n";
  const AGENT = "---\nname: docs-agent\ndescription: Watches docs.\n---\nYou watch.\n";

  test("a command becomes a skill of its name that answers what it subscribes to", async () => {
    using folder = testFolder({ ...HOME, "p/.nanocoder/commands/weekly-report.md": COMMAND });
    const made = await offerOf(folder, "p/.nanocoder/commands/weekly-report.md");
    expect([made.format, paths(made), made.left]).toEqual([
      "nanocoder",
      ["skills/weekly-report/SKILL.md", "skills/weekly-report/nanos.yaml"],
      [],
    ]);
    await made.apply();
    const home = openHome({ home: join(folder.dir, ".nano-os"), cwd: folder.dir, env: {} });
    expect((await home.arrangement()).skills.get("weekly-report")?.manifest).toMatchObject({
      commands: { "weekly-report": { description: "Weekly", prompt: "Sum up." } },
      events: [{ on: "schedule.cron", cron: "0 9 * * MON", run: "command:weekly-report" }],
    });
  });

  test("an agent is an agent, and one that answers events has a skill for that", async () => {
    const watching = AGENT.replace(
      "docs.\n",
      "docs.\nsubscribe: [{ kind: file.changed, paths: ['docs/**'] }]\n",
    );
    using folder = testFolder({
      ...HOME,
      "agents/docs-agent.md": AGENT,
      "w/agents/docs-agent.md": watching,
    });
    const plain = await offerOf(folder, "agents/docs-agent.md");
    expect(paths(plain)).toEqual(["agents/docs-agent.md"]);
    const made = await offerOf(folder, "w/agents/docs-agent.md");
    expect(paths(made)).toEqual([
      "agents/docs-agent.md",
      "skills/docs-agent/SKILL.md",
      "skills/docs-agent/nanos.yaml",
    ]);
    await made.apply();
    const home = openHome({ home: join(folder.dir, ".nano-os"), cwd: folder.dir, env: {} });
    const { agents, skills } = await home.arrangement();
    expect(agents.get("docs-agent")?.manifest.skills).toEqual(["docs-agent"]);
    expect(skills.get("docs-agent")?.manifest.events).toMatchObject([{ run: "agent:docs-agent" }]);
  });

  test("a tool whose script has no holes is a script; any other is said", async () => {
    using folder = testFolder({
      ...HOME,
      "tools/count.md": "---\nname: count\ndescription: Counts.\n---\nls | wc -l\n",
      "tools/find.md": "---\nname: find\n---\ngrep {{ what }} *\n",
    });
    expect(paths(await offerOf(folder, "tools/count.md"))).toContain(
      "skills/count/scripts/count.sh",
    );
    const holed = await offerOf(folder, "tools/find.md");
    expect([paths(holed), holed.left.map(({ what }) => what)]).toEqual([[], ["tool find"]]);
  });

  test("the folder of a project brings all of them, and its bundles", async () => {
    using folder = testFolder({
      ...HOME,
      ...under("p/.nanocoder", {
        "commands/weekly-report.md": COMMAND,
        "agents/docs-agent.md": AGENT,
        "skills/k8s/skill.yaml": "name: k8s\ndescription: Helps.\n",
        "skills/k8s/commands/k8s.md": "Look.\n",
        "skills/no/commands/x.md": "No bundle.\n",
        "daemon.json": "{}",
      }),
    });
    const made = await offerOf(folder, "p/.nanocoder");
    expect(paths(made)).toEqual([
      "agents/docs-agent.md",
      "skills/k8s/SKILL.md",
      "skills/k8s/nanos.yaml",
      "skills/weekly-report/SKILL.md",
      "skills/weekly-report/nanos.yaml",
    ]);
    expect(made.left.map(({ what }) => what).toSorted()).toEqual(["daemon.json", "skills/no"]);
  });

  test("a markdown file of no such folder is nothing of it", async () => {
    using folder = testFolder({ ...HOME, "notes/a.md": COMMAND });
    expect(await refusal(() => offerOf(folder, "notes/a.md"))).toMatchObject({
      code: "import.unknown",
    });
  });
});

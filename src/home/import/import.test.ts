import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openHome } from "../home.ts";
import { refusal, SMALL, testFolder, under } from "../testing/folder.ts";
import { offerOf as offer } from "../testing/importing.ts";

const HOME = under(".nano-os", SMALL);
const PYTHON = `
class Ignored:
    name = "x"

class ReportWriter(WorkerPlugin):
    """Writes reports."""
    name: str = "Report Writer"
    capabilities: List[str] = ["text.write", "vault.read"]
    risk_level: str = "A"
    requires_approval: bool = True

    async def execute(self, task):
        __import__("os").system("touch /tmp/should-never-be")
`;

describe("a worker of NEXUSMON", () => {
  const manifest = {
    ...{ name: "scout", capabilities: ["web.read"], risk_level: "B", requires_approval: true },
    ...{ spawn_policy: "pooled", outputs: ["text"] },
  };
  const CASES: readonly (readonly [
    what: string,
    name: string,
    text: string,
    agent: string,
    left: readonly string[],
  ])[] = [
    [
      "as JSON",
      "scout.json",
      JSON.stringify(manifest),
      "scout: B",
      ["scout: reach for web.read", "scout: spawn_policy", "scout: outputs"],
    ],
    [
      "as YAML, several of them",
      "workers.yaml",
      "workers:\n  - name: scout\n    capabilities: []\n    risk_level: E\n  - capabilities: [a]\n    risk_level: E\n",
      "scout: E",
      ["workers.yaml"],
    ],
    [
      "of a rank nobody knows, which gets the highest",
      "scout.json",
      JSON.stringify({ ...manifest, risk_level: "harmless" }),
      "scout: S",
      ["scout: reach for web.read", "scout: spawn_policy", "scout: outputs"],
    ],
    [
      "as a class, which is read and not run",
      "worker.py",
      PYTHON,
      "report-writer: A",
      ["report-writer: reach for text.write, vault.read", "report-writer: execute"],
    ],
  ];
  for (const [what, name, text, agent, left] of CASES) {
    test(`becomes an agent of its rank: ${what}`, async () => {
      using folder = testFolder({ ...HOME, [name]: text });
      const made = await offer(folder, name);
      expect(made.format).toBe("nexusmon");
      expect(made.left.map(({ what: it }) => it)).toEqual([...left]);
      await made.apply();
      const [called = "", rank] = agent.split(": ");
      const home = openHome({ home: join(folder.dir, ".nano-os"), cwd: folder.dir, env: {} });
      const loaded = await home.arrangement();
      expect(loaded.agents.get(called)?.manifest).toMatchObject({ name: called, rank, skills: [] });
      expect([...loaded.agents.keys()]).toContain("oracle");
    });
  }

  test("that wants an approval gets a rule that asks, beside the rules that are there", async () => {
    using folder = testFolder({
      ...HOME,
      ".nano-os/rules.yaml": `# Mine.\n${SMALL["rules.yaml"]}`,
      "worker.py": PYTHON,
    });
    const made = await offer(folder, "worker.py");
    expect(made.reach).toContainEqual({
      ...{ about: "rule", sign: "+", standing: false },
      says: "rule ask-before-report-writer (ask)",
    });
    await made.apply();
    expect(folder.read(".nano-os/rules.yaml")).toStartWith("# Mine.\n");
    const again = await offer(folder, "worker.py");
    expect(again.files).toEqual([]);
  });

  const REFUSED: readonly (readonly [
    what: string,
    files: Record<string, string>,
    path: string,
    code: string,
  ])[] = [
    ["nothing there", {}, "gone", "import.missing"],
    ["a format nobody knows", { "x.json": "{}" }, "x.json", "import.unknown"],
    [
      "another agent of that name",
      { "w.json": JSON.stringify({ name: "oracle", capabilities: [], risk_level: "E" }) },
      "w.json",
      "import.exists",
    ],
  ];
  for (const [what, files, path, code] of REFUSED) {
    test(`is refused: ${what}`, async () => {
      using folder = testFolder({ ...HOME, ...files });
      expect((await refusal(() => offer(folder, path))).code).toBe(code);
    });
  }
});

/** A plugin with all that a plugin may have. */
const PLUGIN: Readonly<Record<string, string>> = {
  ".claude-plugin/plugin.json": JSON.stringify({
    ...{ name: "Release Notes!", version: "2.0.0", description: "Writes release notes." },
    ...{ author: { name: "A" }, lspServers: {} },
  }),
  "commands/draft.md":
    "---\ndescription: Drafts notes\nallowed-tools: Bash(git log:*)\n---\nChanges: !`git log`\nDraft notes for $ARGUMENTS.\n",
  "commands/README.md": "About.",
  "agents/editor.md":
    "---\nname: editor\ndescription: Edits: well.\ntools: Read, Bash\nmodel: sonnet\n---\nYou edit.\n",
  "skills/tone/SKILL.md": "---\nname: tone\ndescription: The tone of notes.\n---\nFriendly.\n",
  "skills/tone/references/words.md": "Not: leverage.\n",
  "hooks/hooks.json": JSON.stringify({
    hooks: { PreToolUse: [{ hooks: [{ type: "command", command: "touch /tmp/evil" }] }], Stop: [] },
  }),
  ".mcp.json": JSON.stringify({
    mcpServers: {
      notes: { command: "node", args: ["${CLAUDE_PLUGIN_ROOT}/server/main.js"] },
    },
  }),
  "server/main.js": "process.exit(1);\n",
  "output-styles/loud.md": "LOUD",
};

/** A bundle with all that a bundle may have. */
const BUNDLE: Readonly<Record<string, string>> = {
  "skill.yaml":
    "name: inbox\ndescription: Sorts the inbox.\nversion: '1.1'\ntools_visibility: scoped\nsubscribe:\n" +
    "  - { kind: file.changed, paths: ['inbox/*.md'], target: 'command:sort', confirm: true }\n" +
    "  - { kind: schedule.cron, cron: '0 9 * * *', target: 'agent:sorter' }\n" +
    "  - { kind: file.changed, paths: ['inbox/*.md'], target: 'tool:find' }\n",
  "commands/sort.md": "---\ndescription: Sorts it\n---\nSort {{ args }}.\n",
  "agents/sorter.md": "---\nname: sorter\ndescription: Sorts.\ntools: [count]\n---\nYou sort.\n",
  "tools/count.md":
    "---\nname: count\ndescription: Counts.\napproval: never\n---\nls inbox | wc -l\n",
  "tools/find.md":
    '---\nname: find\ndescription: Finds.\nparameters: { what: { type: string } }\n---\ngrep -l "{{ what }}" inbox/*\n',
};

describe("a plugin of Claude Code", () => {
  test("becomes a skill, its own skills and agents; hooks are refused by name", async () => {
    using folder = testFolder({ ...HOME, ...under("plugin", PLUGIN) });
    const made = await offer(folder, "plugin");
    expect(made.format).toBe("claude-plugin");
    expect(made.left).toEqual([
      {
        what: "commands/draft.md: programs in the prompt",
        why: "they stay text; nothing is run",
      },
      { what: "commands/draft.md: allowed-tools", why: "it has no place in a command here" },
      {
        what: "hooks/hooks.json: PreToolUse, Stop",
        why: "hooks run programs by themselves; none is taken over or run",
      },
      { what: "plugin.json: lspServers", why: "it has no place here" },
      { what: "output-styles/loud.md", why: "nothing here needs it" },
    ]);
    await made.apply();
    const loaded = await openHome({
      ...{ home: join(folder.dir, ".nano-os"), cwd: folder.dir, env: {} },
    }).arrangement();
    const own = loaded.skills.get("release-notes");
    expect(own?.manifest.commands).toEqual({
      draft: { description: "Drafts notes", prompt: "Changes: !`git log`\nDraft notes for $ARGS." },
    });
    const dir = join(folder.dir, ".nano-os/skills/release-notes");
    expect(JSON.parse(readFileSync(join(dir, "mcp.json"), "utf8"))).toEqual({
      mcpServers: { notes: { command: "node", args: [join(dir, "server/main.js")] } },
    });
    expect(readFileSync(join(dir, "server/main.js"), "utf8")).toBe("process.exit(1);\n");
    expect(Object.keys(loaded.skills.get("tone")?.files ?? {})).toEqual(["references/words.md"]);
    expect(loaded.agents.get("editor")?.manifest).toMatchObject({
      ...{ tools: ["Read", "Bash"], only: ["Read", "Bash"], skills: [], model: "sonnet" },
    });
    expect(existsSync("/tmp/evil")).toBe(false);
  });
});

describe("a bundle of Nanocoder", () => {
  test("becomes a skill and an agent that has it; scripts with holes are refused", async () => {
    using folder = testFolder({ ...HOME, ...under("bundle", BUNDLE) });
    const made = await offer(folder, "bundle");
    expect(made.format).toBe("nanocoder");
    expect(made.left.map(({ what }) => what)).toEqual([
      "tool count: approval",
      "tool find",
      "inbox: confirm",
      "inbox subscribes to file.changed for tool:find",
      "skill.yaml: tools_visibility",
    ]);
    await made.apply();
    const loaded = await openHome({
      ...{ home: join(folder.dir, ".nano-os"), cwd: folder.dir, env: {} },
    }).arrangement();
    const skill = loaded.skills.get("inbox");
    expect(skill?.manifest).toEqual({
      version: "1.1",
      scopes: ["exec:sh"],
      commands: { sort: { description: "Sorts it", prompt: "Sort $ARGS." } },
      events: [
        { on: "file.changed", paths: ["inbox/*.md"], run: "command:sort", words: "{what}" },
        { on: "schedule.cron", cron: "0 9 * * *", run: "agent:sorter", words: "{what}" },
      ],
    });
    expect(skill?.scripts).toEqual({ "scripts/count.sh": "sh" });
    expect(loaded.agents.get("sorter")?.manifest).toMatchObject({ skills: ["inbox"] });
    expect(loaded.agents.get("oracle")?.manifest.skills).not.toContain("inbox");
  });
});

describe("agent files of ORCHESTRATORS_V2", () => {
  const PROFILES = {
    "profiles/helper.yaml":
      'name: Helpful One\ndescription: Helps with small things.\nsystem_prompt: |\n  You help.\n  Be brief.\ntools: ["echo", "calc"]\nmetadata: { tier: "free" }\n',
    "profiles/plain.json": JSON.stringify({
      name: "plain",
      system_prompt: "You answer.",
      tools: [],
    }),
    "profiles/nameless.yaml": "system_prompt: You are nobody.\n",
    "profiles/silent.yaml": 'name: silent\nsystem_prompt: "  "\n',
    "profiles/twice.yaml": "name: plain\nsystem_prompt: You answer otherwise.\n",
  };

  test("are known one by one as well, however they are laid out", async () => {
    using folder = testFolder({ ...HOME, ...PROFILES });
    for (const file of ["plain.json", "helper.yaml"]) {
      const made = await offer(folder, `profiles/${file}`);
      expect(made.format).toBe("orchestrators-agents");
    }
  });

  test("become agents with their prompts, and what is passed over is said", async () => {
    using folder = testFolder({ ...HOME, ...PROFILES });
    const made = await offer(folder, "profiles");
    expect(made.format).toBe("orchestrators-agents");
    expect(made.left.map(({ what }) => what).toSorted()).toEqual([
      "helpful-one: echo, calc",
      "helpful-one: metadata",
      "nameless.yaml",
      "silent.yaml",
      "twice.yaml",
    ]);
    await made.apply();
    const home = openHome({ home: join(folder.dir, ".nano-os"), cwd: folder.dir, env: {} });
    const loaded = await home.arrangement();
    const helper = loaded.agents.get("helpful-one");
    expect(helper?.manifest).toMatchObject({ description: "Helps with small things.", skills: [] });
    expect(helper?.prompt.trim()).toBe("You help.\nBe brief.");
    expect(loaded.agents.get("plain")?.prompt.trim()).toBe("You answer.");
    expect(loaded.agents.has("silent")).toBe(false);
  });
});

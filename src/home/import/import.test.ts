import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import type { Grant } from "../../contracts/config.ts";
import { openHome } from "../home.ts";
import { applyOffer } from "../portable/apply.ts";
import { refusal, SMALL, testFolder, type TestFolder, under } from "../testing/folder.ts";
import { offerImport } from "./import.ts";

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

async function offer(
  folder: TestFolder,
  path: string,
): Promise<Awaited<ReturnType<typeof offerImport>> & { apply: () => Promise<void> }> {
  const home = openHome({
    home: join(folder.dir, ".nano-os"),
    cwd: folder.dir,
    env: {},
    clock: systemClock,
  });
  const grants: readonly Grant[] = [];
  const target = { ground: home.ground(), grants };
  const made = await offerImport(path, join(folder.dir, path), target);
  return Object.assign(made, { apply: async () => void (await applyOffer(made, target)) });
}

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

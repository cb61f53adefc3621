import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** Commands of the README that would act on this checkout itself; a fresh clone runs them. */
const OF_THE_CHECKOUT = new Set(["npm ci", "npm test"]);

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocks(): Block[] {
  return Array.from(README.matchAll(/^```(\w+)\n([\s\S]*?)^```/gmu), (match) => ({
    language: match[1] ?? "",
    text: match[2] ?? "",
  }));
}

/** Runs what a reader would type, in the reader's own empty home. */
function type(
  command: string,
  home: string,
): { readonly code: number | null; readonly text: string } {
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    HOME: home,
    LANG: "C.UTF-8",
    npm_config_update_notifier: "false",
  };
  const ran = spawnSync("sh", ["-c", command], { cwd: ROOT, env, encoding: "utf8" });
  return { code: ran.status, text: `${ran.stdout}${ran.stderr}` };
}

test("the README does what it says, from top to bottom, in an empty home", () => {
  const home = mkdtempSync(join(tmpdir(), "nanos-readme-"));
  const said: string[] = [];
  try {
    for (const { language, text } of blocks()) {
      if (language === "ts") {
        // The first line of an example names its file.
        const file = (/^\/\/ (\S+)\n/u.exec(text)?.[1] ?? "").replace("~", home);
        expect(file).toStartWith(home);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
        continue;
      }
      // Told as one script; the next test runs it.
      if (language === "bash") continue;
      expect(language).toBe("sh");
      for (const command of text.trim().split("\n")) {
        if (OF_THE_CHECKOUT.has(command)) continue;
        const ran = type(command, home);
        expect(`${command}: ${ran.code}\n${ran.code === 0 ? "" : ran.text}`).toBe(
          `${command}: 0\n`,
        );
        said.push(ran.text);
      }
    }
    expect(said.join("\n")).toMatch(/words\D+3\b/u);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}, 120_000);

test("the thirty seconds of the README pass after all they did themselves, Holly answering", async () => {
  const [proof] = blocks().filter(({ language }) => language === "bash");
  const home = mkdtempSync(join(tmpdir(), "nanos-proof-"));
  try {
    const port = await freePort();
    // Nothing else is another than it stands there: the port may be taken here, and TMPDIR is ours.
    const script = (proof?.text ?? "").replaceAll("8088", String(port));
    const { code, text } = type(`set -e\nexport TMPDIR=${home}\n${script}`, home);
    expect(code).toBe(0);
    for (const words of [
      ...['{"status":"ok","service":"orchestrators_v2"}', '"status":"ready"', '"name":"Holly"'],
      ...['"role":"assistant"', "Holly", "passed: boundary"],
    ]) {
      expect(text).toContain(words);
    }
    expect(text).not.toMatch(/nk_[0-9a-z]+_[0-9a-f]{8}/u);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}, 120_000);

async function freePort(): Promise<number> {
  const held = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => held.once("listening", resolve));
  const { port } = held.address() as { port: number };
  await new Promise((resolve) => held.close(resolve));
  return port;
}

test("every page the README and its neighbours link to is there", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "AGENTS.md", "ARCHITECTURE.md", "STYLE.md"];
  const dead = pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    return Array.from(text.matchAll(/\]\((?!https?:)([^)#]+)/gu), (match) => match[1] ?? "")
      .filter((path) => spawnSync("test", ["-e", join(ROOT, path)]).status !== 0)
      .map((path) => `${page}: ${path}`);
  });
  expect(dead).toEqual([]);
});

test("every npm script a page names exists", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const pages = ["README.md", "CONTRIBUTING.md", "AGENTS.md", "ARCHITECTURE.md", "STYLE.md"];
  const unknown = pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    return Array.from(text.matchAll(/npm run ([\w:-]+)/gu), (match) => match[1] ?? "")
      .filter((name) => manifest.scripts[name] === undefined)
      .map((name) => `${page}: npm run ${name}`);
  });
  expect(unknown).toEqual([]);
});

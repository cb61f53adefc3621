import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { openSandbox } from "../../sandbox/open.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { TIERS } from "../../sandbox/testing/tiers.ts";
import { type GitSite, git, gitSite } from "../testing/git-site.ts";
import { cloneRepository } from "./clone.ts";

setDefaultTimeout(60_000);

/**
 * Repositories behind https, from servers that mean well and others. Each is a server of this
 * machine with an authority of its own; a second one stands for everything that lies beside it.
 */
if (TIERS.includes("bwrap")) {
  let sandbox: Sandbox;
  let site: GitSite;
  let other: GitSite;
  /** What the server says to whoever asks for `/away`. */
  let location = "";
  const folder = mkdtempSync(join(tmpdir(), "nanos-clone-test-"));
  const ran = join(folder, "ran");

  const away = (path: string, response: ServerResponse): boolean => {
    if (!path.startsWith("/away")) return false;
    response.writeHead(302, { location: `${location}${path.slice("/away".length)}` }).end();
    return true;
  };

  beforeAll(async () => {
    sandbox = openSandbox({ clock: systemClock });
    [site, other] = await Promise.all([gitSite(away), gitSite()]);
    other.repository("stolen", { "SKILL.md": "stolen" });
  });
  afterAll(async () => {
    site.close();
    other.close();
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Got {
    readonly files: readonly string[];
    readonly text: string;
    readonly commit: string;
  }

  /** What came of it, or the words of the refusal. */
  async function clone(address: string, ca: string | null = site.ca): Promise<Got | string> {
    const env = { PATH: process.env["PATH"], ...(ca !== null && { GIT_SSL_CAINFO: ca }) };
    const parts = { sandbox, env, dir: join(folder, "clone") };
    try {
      return await cloneRepository(parts, address, async (at, commit) => ({
        files: readdirSync(at, { recursive: true, encoding: "utf8" })
          .filter(
            (path) => !/^\.git(?:\/|$)/u.test(path) && !lstatSync(join(at, path)).isDirectory(),
          )
          .toSorted(),
        text: readFileSync(join(at, "SKILL.md"), "utf8"),
        commit,
      }));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  test("it is fetched from the one host, by the authority the operator named, and gone after", async () => {
    const made = site.repository("good", { "SKILL.md": "good", "scripts/a.sh": "echo a" });
    git(made, "branch", "old");
    const files = ["SKILL.md", "scripts/a.sh"];
    const commit = git(made, "rev-parse", "HEAD");
    expect(await clone(`${site.url}/good`)).toEqual({ files, text: "good", commit });
    expect(await clone(`${site.url}/good#old`)).toEqual({ files, text: "good", commit });
    expect(existsSync(join(folder, "clone"))).toBe(false);
  });

  test("without that authority, or by one that is no file, it is not", async () => {
    site.repository("unknown", { "SKILL.md": "x" });
    const before = site.asked.length;
    expect(await clone(`${site.url}/unknown`, null)).toMatch(/certificate|SSL|TLS/iu);
    expect(await clone(`${site.url}/unknown`, "ca.pem")).toContain("GIT_SSL_CAINFO names no file");
    expect(await clone(`${site.url}/unknown`, "/no/such")).toContain(
      "GIT_SSL_CAINFO names no file",
    );
    expect(site.asked.length).toBe(before);
  });

  describe("a server that sends elsewhere gets nothing fetched", () => {
    const places: readonly (readonly [string, () => string])[] = [
      ["a file of this machine", () => `file://${join(folder, "private")}`],
      ["another port of this machine", () => `${other.url}/stolen`],
      ["the same by a name", () => `${other.url.replace("127.0.0.1", "localhost")}/stolen`],
      ["a metadata service", () => "http://169.254.169.254/latest"],
      ["itself, by a program's own words", () => "ext::sh -c 'touch /tmp/x'"],
      ["itself, under another path", () => `${site.url}/good`],
    ];
    for (const [name, where] of places) {
      test(name, async () => {
        location = where();
        const [before, theirs] = [site.asked.length, other.asked.length];
        expect(await clone(`${site.url}/away`)).toContain("The repository was not fetched");
        expect(site.asked.slice(before)).toEqual(["GET /away/info/refs?service=git-upload-pack"]);
        expect(other.asked.length).toBe(theirs);
      });
    }
  });

  test("what its files name is not fetched, run or followed", async () => {
    const hook = `#!/bin/sh\necho ran > ${ran}\n`;
    const made = site.repository("hostile", {
      "SKILL.md": "hostile",
      ".gitmodules": `[submodule "x"]\n\tpath = x\n\turl = ${other.url}/stolen\n\tupdate = !touch ${ran}\n`,
      ".gitattributes": "* filter=evil\n*.lfs filter=lfs\n",
      ".gitconfig": `[core]\n\thooksPath = .githooks\n\tfsmonitor = "touch ${ran}"\n`,
      ".githooks/post-checkout": hook,
      "hooks/post-checkout": hook,
      "big.lfs": `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 1\n`,
      out: "->/etc/passwd",
      up: "->../../../../etc/passwd",
    });
    const gitlink = `160000,${git(made, "rev-parse", "HEAD")},x`;
    git(made, "update-index", "--add", "--cacheinfo", gitlink);
    git(made, "commit", "-qm", "two");
    const theirs = other.asked.length;
    const got = await clone(`${site.url}/hostile`);
    expect(got).toMatchObject({ text: "hostile" });
    expect([existsSync(ran), other.asked.length]).toEqual([false, theirs]);
    // Links are links: whoever reads the files looks at what they are, and refuses these.
    expect(typeof got === "string" ? [] : got.files).toContain("out");
  });

  test("a file git keeps for itself is none of a repository's", async () => {
    const made = site.repository("nested", { "SKILL.md": "nested" });
    // Written as git itself would refuse to: a tree that holds `.git/hooks/post-checkout`.
    const blob = git(made, "hash-object", "-w", "SKILL.md");
    const write = (line: string): string => {
      const done = Bun.spawnSync(["git", "mktree"], { cwd: made, stdin: Buffer.from(`${line}\n`) });
      return done.stdout.toString().trim();
    };
    const hooks = write(`100755 blob ${blob}\tpost-checkout`);
    const dotGit = write(`040000 tree ${hooks}\thooks`);
    const root = write(`040000 tree ${dotGit}\t.git\n100644 blob ${blob}\tSKILL.md`);
    const commit = git(made, "commit-tree", root, "-m", "evil");
    git(made, "update-ref", "refs/heads/main", commit);
    expect(await clone(`${site.url}/nested`)).toContain("The repository was not fetched");
    expect(existsSync(ran)).toBe(false);
  });
}

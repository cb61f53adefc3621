import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Came, commandLine } from "../src/cli/testing/command-line.ts";
import type { ArtifactLine } from "../src/contracts/artifact.ts";
import { lastLine, type Person, person } from "./support/nanos.ts";

/** The command line in this process, over the person's real home. */
function nanos(me: Person, ...args: readonly string[]): Promise<Came> {
  return commandLine(["--home", join(me.userHome, ".nano-os"), ...args], {
    script: { home: me.userHome, plays: {} },
    cwd: me.userHome,
    env: { HOME: me.userHome, PATH: process.env["PATH"] ?? "" },
    house: () => import("../src/nanos.ts"),
  });
}

/** A home whose oracle keeps a report, and then the next version of it. */
async function keeper(me: Person): Promise<void> {
  await nanos(me, "init", "--from", "toy");
  const home = join(me.userHome, ".nano-os");
  const oracle = join(home, "agents", "oracle.md");
  const text = readFileSync(oracle, "utf8");
  writeFileSync(oracle, text.replace("tools: [eval]", "tools: [artifact]"));
  const kept = (content: string): object => ({
    calls: [{ name: "artifact", args: { title: "Report", type: "report", content } }],
  });
  const turns = [kept("one\n"), kept("one\ntwo\n"), { say: "kept" }];
  // In place of what the starter's recorded model plays; JSON is YAML.
  writeFileSync(join(home, "models", "recorded.yaml"), JSON.stringify({ turns }));
  expect((await nanos(me, "model", "use", "recorded")).code).toBe(0);
}

async function listed(me: Person, ...more: readonly string[]): Promise<readonly ArtifactLine[]> {
  const { code, out, err } = await nanos(me, "vault", "list", ...more, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as ArtifactLine[];
}

test("what two runs keep at once is all there, shown, reviewed, read and exported", async () => {
  using me = person();
  await keeper(me);
  // Processes of their own.
  const ended = await Promise.all([1, 2].map(() => me.nanos("run", "keep it", "--json")));
  for (const one of ended) {
    expect(lastLine(one)).toMatchObject({ kind: "run.ended", outcome: "succeeded" });
  }
  const all = await listed(me);
  for (const one of ended) {
    const of = all.filter(({ run }) => run === lastLine(one)["run"]);
    expect(of.map(({ title, version }) => [title, version])).toEqual([
      ["Report", 2],
      ["Report", 1],
    ]);
  }
  const run = all[0]?.run ?? "";
  const [newest = "", first = ""] = all.filter((one) => one.run === run).map(({ id }) => id);

  expect((await nanos(me, "vault", "show", newest)).out).toMatch(/Report {2}version 2[^]*two/u);
  const history = await nanos(me, "vault", "history", first);
  expect(history.out.split("\n").filter((line) => line.includes("Report"))).toHaveLength(2);
  expect((await nanos(me, "vault", "approve", newest)).out).toContain("approved Report, version 2");
  expect((await nanos(me, "vault", "reject", first, "--why", "short")).code).toBe(0);
  expect((await listed(me, "--status", "rejected")).map(({ id }) => id)).toEqual([first]);

  expect((await nanos(me, "vault", "get", first)).out).toBe("one\n");
  expect((await nanos(me, "vault", "get", run, "--title", "Report")).out).toBe("one\ntwo\n");
  const none = await nanos(me, "vault", "get", run, "--title", "Other");
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("artifact.unknown")]);

  const exported = await nanos(me, "vault", "export", "results", "--run", run);
  expect({ code: exported.code, err: exported.err }).toEqual({ code: 0, err: "" });
  const files = readdirSync(join(me.userHome, "results"));
  const report = files.find((name) => name.startsWith("report-")) ?? "";
  expect(files.toSorted()).toEqual(["artifacts.json", report].toSorted());
  expect(readFileSync(join(me.userHome, "results", report), "utf8")).toBe("one\ntwo\n");
}, 60_000);

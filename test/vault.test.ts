import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactLine } from "../src/contracts/artifact.ts";
import { useScript } from "./support/hand.ts";
import { lastLine, type Person, person } from "./support/nanos.ts";

/** A home whose oracle keeps a report, and then the next version of it. */
async function keeper(me: Person): Promise<void> {
  await me.nanos("init", "--from", "toy");
  const file = join(me.userHome, ".nano-os", "agents", "oracle.md");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("tools: [eval]", "tools: [artifact]"));
  const kept = (content: string): object => ({
    calls: [{ name: "artifact", args: { title: "Report", type: "report", content } }],
  });
  await useScript(me, [kept("one\n"), kept("one\ntwo\n"), { say: "kept" }] as never);
}

async function listed(me: Person, ...more: readonly string[]): Promise<readonly ArtifactLine[]> {
  const { code, out, err } = await me.nanos("vault", "list", ...more, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as ArtifactLine[];
}

test("what two runs keep at once is all there, shown, reviewed, read and exported", async () => {
  using me = person();
  await keeper(me);
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

  expect((await me.nanos("vault", "show", newest)).out).toMatch(/Report {2}version 2[^]*two/u);
  const history = await me.nanos("vault", "history", first);
  expect(history.out.split("\n").filter((line) => line.includes("Report"))).toHaveLength(2);
  expect((await me.nanos("vault", "approve", newest)).out).toContain("approved Report, version 2");
  expect((await me.nanos("vault", "reject", first, "--why", "short")).code).toBe(0);
  expect((await listed(me, "--status", "rejected")).map(({ id }) => id)).toEqual([first]);

  expect((await me.nanos("vault", "get", first)).out).toBe("one\n");
  expect((await me.nanos("vault", "get", run, "--title", "Report")).out).toBe("one\ntwo\n");
  const none = await me.nanos("vault", "get", run, "--title", "Other");
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("artifact.unknown")]);

  const exported = await me.nanos("vault", "export", "results", "--run", run);
  expect({ code: exported.code, err: exported.err }).toEqual({ code: 0, err: "" });
  const files = readdirSync(join(me.userHome, "results"));
  const report = files.find((name) => name.startsWith("report-")) ?? "";
  expect(files.toSorted()).toEqual(["artifacts.json", report].toSorted());
  expect(readFileSync(join(me.userHome, "results", report), "utf8")).toBe("one\ntwo\n");
}, 60_000);

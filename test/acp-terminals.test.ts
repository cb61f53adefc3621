import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Live } from "../src/contracts/nanos.ts";
import { LIMITS } from "../src/std/limits.ts";
import { closeHomes, failureOf, opened, work } from "./support/acp-home.ts";

setDefaultTimeout(120_000);
afterEach(closeHomes);

const scopes = "write:., exec:cat, exec:cp, exec:sleep, exec:sh, exec:printenv";

describe("terminals of an agent of the protocol", () => {
  test("run in its stage once the gate said yes, and how they ended is on the record", async () => {
    const does = [
      "hand a.txt hello",
      "terminal cat a.txt",
      "terminal cp a.txt b.txt",
      "terminal cat no",
    ];
    const { answer, home, inside } = await work({ does, scopes });
    const [, cat, cp, none] = answer.split("\n");
    expect(cat).toBe("0, refused: hello (5)");
    expect(cp).toBe("0, refused:  (0)");
    expect(none).toMatch(/^1, refused: [^ ]*cat: no: No such file/u);
    expect(readFileSync(join(home.workspace, "b.txt"), "utf8")).toBe("hello");
    const permits = inside.filter(({ kind }) => kind === "permit");
    expect(permits.map(({ args }) => args)).toMatchObject([
      { what: "terminal", input: { argv: ["cat", "a.txt"], cwd: home.workspace } },
      { what: "terminal", input: { argv: ["cp", "a.txt", "b.txt"] } },
      { what: "terminal", input: { argv: ["cat", "no"] } },
    ]);
    expect(inside[0]?.outcome).toMatchObject({
      output: {
        terminals: [
          { argv: ["cat", "a.txt"], exitCode: 0, last: "hello" },
          { argv: ["cp", "a.txt", "b.txt"], exitCode: 0 },
          { argv: ["cat", "no"], exitCode: 1 },
        ],
      },
    });
  });

  test("are of the programs its file names, started by the operator's yes and by no shell", async () => {
    const does = ["terminal cat a", "terminal cp a b", "terminal ls", "line cat a.txt; cat b.txt"];
    const answer = ({ what }: { what: string }): "allow" | "deny" =>
      what.includes('"cp"') ? "deny" : "allow";
    const worked = await work({ does, scopes, answer });
    expect(worked.answer).toMatch(
      /^1, [^\n]*\nrefused: [^\n]*\nrefused: [^\n]*exec:ls[^\n]*\nrefused: [^\n]*not as one line for a shell/u,
    );
    const asked = worked.home.asks.filter(({ what }) => what.includes("asks leave"));
    expect(asked.map(({ keys }) => keys[0]?.split("|").slice(0, 2))).toEqual([
      ["exec:coder", "cat"],
      ["exec:coder", "cp"],
    ]);
    const permits = worked.inside.filter(({ kind }) => kind === "permit");
    expect(permits.map(({ decision }) => decision?.reason)).toEqual([
      "allow:by_answer",
      "deny:by_operator",
      "deny:scope_missing",
    ]);
  });

  test("are not there for an agent whose file names no program", async () => {
    const worked = await work({ does: ["terminal cat a"] });
    expect(worked.answer).toStartWith("refused");
    expect(worked.inside.filter(({ kind }) => kind === "permit")).toEqual([]);
  });
});

describe("a hostile agent's terminals", () => {
  test("of another session, released or never opened do not exist", async () => {
    const does = [
      "open sleep 100",
      "peek s2 sleep-1",
      "peek s1 sleep-2",
      "peek s1 __proto__",
      "strange s2 A=b cat a",
    ];
    const said = (await work({ does, scopes })).answer.split("\n");
    expect(said[0]).toBe("sleep-1");
    expect(said.slice(1).map((line) => line.slice(0, 7))).toEqual(
      said.slice(1).map(() => "refused"),
    );
    expect(said).toHaveLength(5);
  });

  test("get no variable that says which code is loaded, and not the agent's own", async () => {
    const does = ["LD_PRELOAD", "PATH", "NANOS_BOX", "https_proxy", "A-B"].map(
      (name) => `strange s1 ${name}=x cat a`,
    );
    const said = (await work({ does, scopes })).answer.split("\n");
    expect(said.map((line) => line.slice(0, 7))).toEqual(does.map(() => "refused"));
    const own = await work({ does: ["terminal printenv PATH"], scopes: `${scopes}, env:PATH` });
    expect(own.answer).toMatch(/^0, /u);
  });

  test("are so many at once, and what never exits ends with the turn", async () => {
    const open = Array.from({ length: LIMITS.agentTerminals + 2 }, () => "open sleep 1000");
    const { answer, inside } = await work({ does: [...open, "say all"], scopes });
    const said = answer.split("\n");
    expect(said.filter((line) => line.startsWith("sleep-"))).toHaveLength(LIMITS.agentTerminals);
    expect(said.filter((line) => /^refused.*too many terminals/u.test(line))).toHaveLength(2);
    const call = inside[0]?.outcome;
    const told = call?.status === "done" ? (call.output as { terminals: unknown[] }).terminals : [];
    expect(told).toEqual(
      Array.from({ length: LIMITS.agentTerminals }, () =>
        expect.objectContaining({ argv: ["sleep", "1000"], stopped: "cancelled" }),
      ),
    );
  });

  test("may print without end: the newest is kept, and nothing of it moves a cursor in the record", async () => {
    const does = [
      "hand flood.sh i=0; while [ $i -lt 3000 ]; do printf %01000d 7; i=$((i+1)); done",
      "hand esc.sh printf '\\033[2Jgone\\007'",
      "terminal sh flood.sh",
      "limited 5 sh esc.sh",
    ];
    const { answer, inside } = await work({ does, scopes });
    const lines = answer.split("\n");
    expect(lines[2]).toMatch(
      new RegExp(`^0 cut, refused: 0+7.*\\(${LIMITS.agentTerminalBytes}\\)$`, "u"),
    );
    expect(lines[3]).toBe("gone\u0007 true");
    const call = inside[0]?.outcome;
    const told =
      call?.status === "done" ? (call.output as { terminals: { last: string }[] }).terminals : [];
    expect(told.map(({ last }) => last.length <= 2_000)).toEqual([true, true]);
    // eslint-disable-next-line no-control-regex
    expect(told.some(({ last }) => /[\u0000-\u0008\u001b]/u.test(last))).toBe(false);
  });

  test("reach no file their agent does not, also by a link it makes", async () => {
    const does = [
      "terminal cat /etc/shadow",
      "link out /etc",
      "terminal cat out/shadow",
      "unlink out",
    ];
    const said = (await work({ does, scopes })).answer.split("\n");
    expect(
      said.filter((line) => /^1, refused: [^ ]*cat: .*(?:denied|No such file)/u.test(line)),
    ).toHaveLength(2);
  });

  test("end where the run is stopped, with what they wrote", async () => {
    const home = await opened({
      does: ["open sleep 1000", "hand left.txt x", "say up", "deaf"],
      scopes,
    });
    const stop = new AbortController();
    const on = (live: Live): void => {
      if (live.type === "delta" && live.text.includes("up")) stop.abort();
    };
    const { end, trace } = await home.run("go", { signal: stop.signal, on });
    expect(end).toMatchObject({ outcome: "cancelled" });
    expect(existsSync(join(home.workspace, "left.txt"))).toBe(false);
    expect(await home.nanos.traces.replay(trace.run)).toMatchObject({ ok: true, differs: null });
  });

  test("are ended when it says so", async () => {
    const { answer } = await work({ does: ["killed sleep 1000"], scopes });
    expect(answer).toBe("killed SIGKILL");
  });

  test("do not outlive an agent that dies", async () => {
    const worked = await work({ does: ["open sleep 1000", "die"], scopes });
    expect(failureOf(worked)).toBe("tool.crashed");
  });
});

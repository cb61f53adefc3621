import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Live } from "../src/contracts/nanos.ts";
import { LIMITS } from "../src/std/limits.ts";
import type { AgentHome, Ran } from "./support/agent-home.ts";
import { closeHomes, failureOf, opened, work } from "./support/acp-home.ts";

setDefaultTimeout(120_000);

afterEach(closeHomes);

describe("an agent of the protocol as a worker", () => {
  test("does a turn: what it says, tells and spends is on the record of its run", async () => {
    const heard: string[] = [];
    const on = (live: Live): void => {
      if (live.type === "delta") heard.push(`${live.kind} ${live.text.trim()}`);
    };
    const worked = await work(
      { does: ["think hm", "step npm test", "say all good", "cost 0.25"] },
      { on },
    );
    expect(worked.answer).toBe("all good");
    expect(heard).toEqual(expect.arrayContaining(["thinking hm", "text all good"]));
    const [call] = worked.inside;
    expect(call).toMatchObject({
      name: "coder",
      isolation: expect.stringMatching(/bwrap|landlock/u),
    });
    expect(call?.outcome).toMatchObject({
      output: {
        steps: [{ title: "npm test", kind: "execute", status: "completed" }],
        stop: "end_turn",
      },
      used: { input: 1_200, cost: 0.25 },
    });
    expect(worked.step?.child?.end?.usage).toMatchObject({ input: 1_200, cost: 0.25 });
  });

  test("that says nothing of its cost has an unknown one", async () => {
    const worked = await work({ does: ["say hello"] });
    expect(worked.step?.child?.end?.usage.cost).toBeNull();
  });

  test("asks leave of the gate: what is in its scopes goes on, the rest reaches the operator or ends", async () => {
    const answer = ({ what }: { what: string }): "allow" | "deny" =>
      /asks leave.*sudo/u.test(what) ? "deny" : "allow";
    const worked = await work({
      does: [
        "permit edit a.txt",
        "permit edit /etc/passwd",
        "permit other sudo",
        "permit other lunch",
        "permit think",
      ],
      answer,
    });
    expect(worked.answer.split("\n")).toEqual([
      "chosen yes",
      "chosen no",
      "chosen no",
      "chosen yes",
      "chosen yes",
    ]);
    const permits = worked.inside.filter(({ kind }) => kind === "permit");
    expect(permits.map(({ decision }) => decision?.reason)).toEqual([
      "allow:in_scope",
      "deny:scope_missing",
      "deny:by_operator",
      "allow:by_answer",
      "allow:in_scope",
    ]);
    expect(worked.home.asks.map(({ what }) => what)).toContainEqual(
      expect.stringContaining("Would other lunch"),
    );
  });

  test("that may run programs asks before it does", async () => {
    const worked = await work({ does: ["permit execute rm -rf"], answer: () => "allow" });
    const asked = worked.home.asks.filter(({ what }) => what.includes("asks leave"));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.keys[0]).toMatch(/^exec:coder\|/u);
  });

  test("has files written and read for it, in its stage and within its scopes", async () => {
    const does = [
      "write deep/a.txt hello",
      "read deep/a.txt",
      "hand deep/a.txt !",
      "read deep/a.txt",
      "write /etc/passwd x",
      "read /etc/passwd",
    ];
    const worked = await work({ does });
    const said = worked.answer.split("\n");
    expect(said.slice(0, 4)).toEqual(["written", "hello", "done", "hello!"]);
    expect(said.slice(4).every((line) => line.startsWith("refused"))).toBe(true);
    const { workspace } = worked.home;
    expect(readFileSync(join(workspace, "deep/a.txt"), "utf8")).toBe("hello!");
    expect(worked.inside.filter(({ kind }) => kind === "commit")).toHaveLength(1);
    expect(worked.step?.outcome).toMatchObject({
      child: { evidence: { files: [{ path: join(workspace, "deep/a.txt") }] } },
    });
  });

  test("follows no link out of its stage, wherever it puts one", async () => {
    // A folder of its own: what this guards against would write there.
    const outside = mkdtempSync(join(tmpdir(), "nanos-outside-"));
    const kept = join(outside, "kept");
    writeFileSync(kept, "not yours");
    const does = [
      `link out ${outside}`,
      "read out/kept",
      "write out/x y",
      `link f ${kept}`,
      "read f",
      "write f z",
      "unlink out",
      "unlink f",
    ];
    const worked = await work({ does });
    const said = worked.answer.split("\n").filter((line) => line !== "linked");
    expect(said.map((line) => line.slice(0, 7))).toEqual(said.map(() => "refused"));
    expect(said).toHaveLength(4);
    expect(readdirSync(outside)).toEqual(["kept"]);
    expect(readFileSync(kept, "utf8")).toBe("not yours");
    expect(worked.answer).not.toContain("not yours");
    rmSync(outside, { recursive: true });
  });

  test("without a write scope has nothing written, by nobody's hands", async () => {
    const worked = await work({
      does: ["write a.txt x", "hand a.txt x", "terminal ls"],
      scopes: '"read:./programs"',
    });
    expect(worked.answer).toMatch(
      /^refused[^\n]*\n[^\n]*(?:EACCES|EROFS|EPERM|ENOENT)[^\n]*\nrefused/u,
    );
    expect(existsSync(join(worked.home.workspace, "a.txt"))).toBe(false);
  });

  test("that is cut short or refuses is shown as such", async () => {
    const cut = await work({ does: ["say half", "end max_tokens"] });
    expect(cut.step?.outcome).toMatchObject({ status: "done", degraded: true });
    expect(failureOf(await work({ does: ["end refusal"] }))).toBe("acp.refused");
  });
});

describe("an agent of the protocol that ends its turn", () => {
  test.each([
    ["at once", "nothing", ""],
    ["at once, though it may write", "nothing", "write:."],
  ])("%s has failed: it gave no answer and changed nothing", async (_, does, scopes) => {
    expect(failureOf(await work({ does: [does], scopes }))).toBe("tool.silent");
  });

  test("without a word, having done a step, has done its work", async () => {
    const { step } = await work({ does: ["step npm test"], scopes: "" });
    expect(step?.outcome).toMatchObject({ status: "done" });
  });
});

describe("a hostile or dying agent of the protocol is bounded", () => {
  test.each([
    ["die", "tool.crashed"],
    ["noise", "acp.protocol"],
    ["flood", "tool.flooded"],
    ["answer", "acp.protocol"],
  ])("%s ends as %s, and nothing it wrote is kept", async (does, code) => {
    const worked = await work({ does: ["hand left.txt x", does] });
    expect(failureOf(worked)).toBe(code);
    expect(existsSync(join(worked.home.workspace, "left.txt"))).toBe(false);
  });

  test.each([
    ["old", "acp.protocol"],
    ["locked", "acp.sign_in"],
  ])("one that is %s is told apart", async (argv, code) => {
    expect(failureOf(await work({ does: [], argv }))).toBe(code);
  });

  test("a program that speaks no such protocol is no agent", async () => {
    const home = await opened({ does: [] });
    writeFileSync(join(home.workspace, "programs/coder.ts"), "process.exit(0);\n");
    const { trace } = await home.run("go");
    expect(trace.steps.find(({ kind }) => kind === "agent")?.outcome).toMatchObject({
      failure: { code: "acp.unreachable" },
    });
  });

  test("steps it tells of and leave it asks for are counted", async () => {
    const steps = Array.from({ length: LIMITS.agentSteps + 10 }, (_, n) => `step s${n}`);
    const told = await work({ does: [...steps, "say done"] });
    const output = told.inside[0]?.outcome;
    const kept = output?.status === "done" ? (output.output as { steps: unknown[] }).steps : [];
    expect(kept).toHaveLength(LIMITS.agentSteps);
    const asks = Array.from({ length: 8 }, () => "permit think");
    const worked = await work({ does: [...asks, "say done"] }, { budget: { calls: 6 } });
    expect(worked.inside.some(({ decision }) => decision?.reason === "deny:budget_calls")).toBe(
      true,
    );
  });
});

describe("stopping an agent of the protocol", () => {
  test.each(["wait", "deaf"])("one that says %s is told, and its process ends", async (does) => {
    const home = await opened({ does: ["hand left.txt x", "say up", does] });
    const stop = new AbortController();
    const on = (live: Live): void => {
      if (live.type === "delta" && live.text.includes("up")) stop.abort();
    };
    const { end, trace } = await home.run("go", { signal: stop.signal, on });
    expect(end).toMatchObject({ outcome: "cancelled" });
    expect(await home.nanos.traces.replay(trace.run)).toMatchObject({ ok: true, differs: null });
    expect(existsSync(join(home.workspace, "left.txt"))).toBe(false);
  });
});

describe("an agent of the protocol as the oracle", () => {
  test("answers the operator, and is told what was said before", async () => {
    const home = await opened({ does: [], role: "oracle" });
    const first = await home.run("say one\nsay two");
    expect(first.end).toMatchObject({ outcome: "succeeded", text: "one\ntwo" });
    const second = await home.run("say three", { after: [first.trace.run] });
    const call = second.trace.steps[0];
    expect(call?.args).toMatchObject({
      request: "Earlier:\nAsked: say one\nsay two\nAnswered: one\ntwo\n\nsay three",
    });
    expect(await home.nanos.traces.replay(second.trace.run)).toMatchObject({ ok: true });
  });

  const ofRun = ({ trace }: Ran): unknown => {
    const [call] = trace.steps;
    return call?.outcome?.status === "done" ? call.outcome.output : null;
  };

  test.each([
    ["loads", "loaded"],
    ["resumes", "resumed"],
  ])("goes on in its own session where it %s one, over several requests", async (argv, how) => {
    const home = await opened({ does: [], role: "oracle", argv });
    const first = await home.run("say one");
    expect(first.end?.session).toMatchObject({ id: "s1" });
    const second = await home.run("recall", { after: [first.trace.run] });
    expect(second.end).toMatchObject({ text: "say one // recall", session: { id: "s1" } });
    expect(ofRun(second)).toMatchObject({ continued: how });
    const all = [first.trace.run, second.trace.run];
    const third = await home.run("recall", { after: all });
    expect(third.end?.text).toBe("say one // recall // recall");
    for (const run of [...all, third.trace.run]) {
      expect(await home.nanos.traces.replay(run)).toMatchObject({ ok: true, differs: null });
    }
  });

  test("that writes nothing goes on in its own process, which is nobody else's", async () => {
    const home = await opened({ does: [], role: "oracle", scopes: "" });
    const after = ({ trace }: Ran): Parameters<AgentHome["run"]>[1] => ({ after: [trace.run] });
    const first = await home.run("who");
    const second = await home.run("who", after(first));
    expect(second.end?.text).toBe(first.end?.text ?? "");
    expect(ofRun(second)).toMatchObject({ continued: "kept" });
    expect(await home.nanos.traces.replay(second.trace.run)).toMatchObject({ ok: true });
    // The same conversation taken up elsewhere, and another one.
    const beside = await home.run("who", after(first));
    const other = await home.run("who");
    expect(new Set([first, beside, other].map(({ end }) => end?.text)).size).toBe(3);
    expect(ofRun(beside)).toMatchObject({ continued: "told" });
    const third = await home.run("who\nleave", after(second));
    expect(third.end?.text).toBe(`${first.end?.text ?? ""}\nbye`);
    // One that is gone, or in doubt after a failure, is not gone on with.
    let fourth = await home.run("who", after(third));
    // It ends a moment after it said so, and may answer until then.
    for (let n = 0; n < 100 && fourth.end?.text.includes(first.end?.text ?? "-"); n++) {
      fourth = await home.run("who", after(fourth));
    }
    expect(fourth.end?.text).not.toContain(first.end?.text ?? "-");
    // What the fourth was told has it leave as well: a conversation that has nobody leave.
    const anew = await home.run("who");
    const failed = await home.run("broken", after(anew));
    expect(failed.end?.failure?.message).toContain("Internal error: no such model");
    const last = await home.run("who", after(failed));
    expect(last.end?.text).not.toBe(anew.end?.text ?? "");
  });

  test("that may write has a process for each request, as what it wrote is judged after its end", async () => {
    const home = await opened({ does: [], role: "oracle" });
    const first = await home.run("who");
    const second = await home.run("who", { after: [first.trace.run] });
    expect(second.end?.text).not.toBe(first.end?.text ?? "");
  });

  test("that lost its session is told what was said, and the record says so", async () => {
    const home = await opened({ does: [], role: "oracle", argv: "loads" });
    const first = await home.run("say one");
    rmSync(join(home.workspace, ".told-s1"));
    const second = await home.run("recall", { after: [first.trace.run] });
    expect(second.end?.text).toStartWith("Earlier:\nAsked: say one\nAnswered: one\n\nrecall");
    expect(ofRun(second)).toMatchObject({ continued: "told" });
  });

  test("cancelled in the middle goes on in a new session after it", async () => {
    const home = await opened({ does: [], role: "oracle", argv: "loads" });
    const first = await home.run("say one");
    const stop = new AbortController();
    const on = (live: Live): void => {
      if (live.type === "delta" && live.text.includes("up")) stop.abort();
    };
    const after = [first.trace.run];
    const second = await home.run("hold up", { after, signal: stop.signal, on });
    expect(second.end).toMatchObject({ outcome: "cancelled" });
    expect(second.end?.session).toBeUndefined();
    const third = await home.run("say three", { after: [...after, second.trace.run] });
    expect(third.end).toMatchObject({ outcome: "succeeded" });
    expect(ofRun(third)).toMatchObject({ continued: "told" });
    expect(await home.nanos.traces.replay(third.trace.run)).toMatchObject({ ok: true });
  });

  test.each(["loads-strange", "loads-long"])("a session named by %s is not kept", async (argv) => {
    const home = await opened({ does: [], role: "oracle", argv });
    const { end } = await home.run("say one");
    expect(end).toMatchObject({ outcome: "succeeded" });
    expect(end?.session).toBeUndefined();
  });

  test("waits where nobody is there to be asked, and goes on after the answer", async () => {
    const home = await opened({ does: [], role: "oracle", answer: null });
    const { state } = await home.run("permit other lunch");
    expect(state.state).toBe("waiting");
    for (let round = 0; round < 3; round++) {
      const waiting = home.nanos.approvals.list();
      if (waiting.length === 0) break;
      for (const { id } of waiting)
        await home.nanos.approvals.answer(id, { verdict: "allow", reach: "once" });
      await (
        await home.nanos.resume(state.run)
      ).done;
    }
    const trace = home.nanos.traces.show(state.run);
    expect(trace.end).toMatchObject({ outcome: "succeeded", text: "chosen yes" });
    expect(await home.nanos.traces.replay(state.run)).toMatchObject({ ok: true });
  });
});

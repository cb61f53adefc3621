import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { fakeClock } from "../../std/clock.ts";
import { sha256 } from "../../std/hash.ts";
import { countingRandom } from "../../std/random.ts";
import type { Draft, EventBody } from "../../contracts/event.ts";
import type { AskReply } from "../../contracts/question.ts";
import { refusal } from "../../home/testing/folder.ts";
import { keyOf, keyText } from "../../journal/log/note.ts";
import { memoryJournal } from "../../journal/open.ts";
import { forget } from "../memory/forget.ts";
import { WORLDS } from "../drive/fork.fixtures.ts";
import { begin, fork } from "../runner.ts";
import {
  bundled,
  evidenceLab,
  EVENTFUL,
  eventful,
  type Files,
  verifyBundle,
  verifyProof,
} from "../testing/evidence-lab.ts";
import type { World } from "../world.ts";
import { exportBundle, proofOf } from "./bundle.ts";
import { withCheckpoints } from "./checkpoints.ts";

const lab = evidenceLab(EVENTFUL);
afterAll(() => lab[Symbol.dispose]());
const { world } = lab;
const RUN = await eventful(lab);
const WHOLE = await bundleOf(world, "whole");

function bundleOf(of: World, name: string, redacted = false): Promise<Files> {
  return bundled(of, RUN, join(lab.dir, name), redacted);
}

function text(files: Files, name: string): string {
  return Buffer.from(files.get(name) ?? "").toString();
}

test("a bundle holds, by its own keys and by those given elsewhere", () => {
  const log = keyText(keyOf(world.log, "note"));
  const trust = { log, operator: world.operatorKey() };
  for (const given of [undefined, trust, { policy: `log ${log}\nquorum none\n` }]) {
    expect(verifyBundle(WHOLE, given)).toMatchObject({ ok: true, problems: [] });
  }
  const other = keyText({ ...keyOf(world.log, "note"), publicKey: Buffer.alloc(32, 1) });
  for (const given of [{ log: other }, { operator: "AA==" }]) {
    expect(verifyBundle(WHOLE, given).ok).toBe(false);
  }
});

test("a redacted one says nothing of what was said and done, and holds", async () => {
  const files = await bundleOf(world, "redacted", true);
  expect(text(files, "bodies.jsonl")).toBe("");
  expect([...files.keys()].some((name) => text(files, name).includes("a.example"))).toBe(false);
  const { problems, shows } = verifyBundle(files);
  expect(problems).toEqual([]);
  expect(shows.at(-1)).toContain("0 of ");
});

test.each(Object.entries(WORLDS))(
  "holds for %s, redacted or not",
  async (_, { setup, text: said }) => {
    using own = evidenceLab(setup);
    const ask = async (): Promise<AskReply> => ({ verdict: "allow", reach: "once" });
    const handle = await begin(own.world, { text: said ?? "go", ask });
    await handle.done;
    for (const redacted of [true, false]) {
      const dir = join(own.dir, `bundle-${redacted}`);
      await exportBundle(own.world, handle.run, dir, { redacted });
      const names = fs.readdirSync(dir);
      const files = new Map(names.map((name) => [name, fs.readFileSync(join(dir, name))]));
      expect(verifyBundle(files).problems).toEqual([]);
    }
  },
);

test("a fork brings what it shares, with the answers given there", async () => {
  using own = evidenceLab(EVENTFUL);
  const trunk = await eventful(own);
  const handle = await fork(own.world, {
    ...{ run: trunk, at: "5" },
    ask: async () => ({ verdict: "allow", reach: "run" }),
  });
  expect((await handle.done).state).toBe("ended");
  const files = await bundled(own.world, handle.run, join(own.dir, "fork"));
  expect(verifyBundle(files).problems).toEqual([]);
  expect(text(files, "entries.jsonl")).toContain(`"${trunk}"`);
});

test("is not written over anything", async () => {
  fs.mkdirSync(join(lab.dir, "taken"));
  fs.writeFileSync(join(lab.dir, "taken", "mine"), "");
  const act = exportBundle(world, RUN, join(lab.dir, "taken"), { redacted: false });
  expect((await refusal(() => act)).code).toBe("export.not_empty");
});

describe("what was recorded against the rules is named, however well it is signed", () => {
  type Change = (drafts: Draft[]) => Draft[];
  const without =
    (kind: string, nth = 0): Change =>
    (drafts) => {
      const at = drafts.flatMap(({ body }, i) => (body.kind === kind ? [i] : []))[nth] ?? -1;
      return drafts.toSpliced(at, 1);
    };
  const changed =
    <K extends EventBody["kind"]>(
      kind: K,
      change: (body: Extract<EventBody, { kind: K }>) => object,
      nth = 0,
    ): Change =>
    (drafts) => {
      let left = nth;
      return drafts.map((draft) => {
        if (draft.body.kind !== kind || left-- !== 0) return draft;
        const body = draft.body as Extract<EventBody, { kind: K }>;
        return { ...draft, body: { ...body, ...change(body) } };
      });
    };
  /** The first effect that was no model call is the second step; the ask is of the fourth. */
  const cases: readonly [string, Change, RegExp][] = [
    ["no decision before an effect", without("action.judged", 1), /nothing was decided/u],
    ["an effect nobody proposed", without("action.proposed", 1), /never proposed/u],
    [
      "an effect twice",
      (drafts) =>
        drafts.flatMap((one) => (one.body.kind === "action.settled" ? [one, one] : [one])),
      /came to something twice/u,
    ],
    [
      "a proposal twice",
      (drafts) =>
        drafts.flatMap((one) => (one.body.kind === "action.proposed" ? [one, one] : [one])),
      /is proposed twice/u,
    ],
    [
      "an effect that was denied",
      changed(
        "action.judged",
        ({ decision }) => ({ decision: { ...decision, verdict: "deny" } }),
        1,
      ),
      /took effect and was not allowed/u,
    ],
    [
      "a denial nobody decided",
      changed("action.settled", () => ({
        outcome: { status: "denied", failure: { code: "x", message: "x" } },
      })),
      /was denied by no decision/u,
    ],
    ["an effect without its answer", without("approval.used"), /without the answer/u],
    [
      "an answer to another key",
      changed("approval.asked", ({ ask }) => ({ ask: { ...ask, keys: ["net:other"] } })),
      /without the answer/u,
    ],
    [
      "an answer the operator did not give",
      changed("approval.used", ({ answer }) => ({ answer: { ...answer, by: "mallory" } })),
      /did not sign/u,
    ],
    [
      "an answer under another name",
      changed("approval.used", () => ({ id: "a0" })),
      /under another name/u,
    ],
    [
      "an ask about other arguments",
      changed("approval.asked", ({ ask }) => ({ ask: { ...ask, argsHash: sha256("") } })),
      /other arguments than were proposed/u,
    ],
    ["an answer nobody asked for", without("approval.asked"), /given for something else/u],
    [
      "an ask of another step",
      changed("approval.asked", ({ ask }) => ({ ask: { ...ask, step: `${ask.run}.1` } })),
      /an ask of another step/u,
    ],
  ];
  test.each(cases)("%s", async (name, change, says) => {
    const clock = fakeClock();
    const journal = withCheckpoints(memoryJournal({ clock, random: countingRandom() }), world.log);
    const recorded = [...world.journal.chain(RUN)];
    const drafts = recorded.flatMap(({ event, body }): Draft[] =>
      body ? [{ ...event, body }] : [],
    );
    for (const draft of change(drafts)) await journal.append([draft]);
    expect(journal.verify().ok).toBe(true);
    const { problems } = verifyBundle(await bundleOf({ ...world, journal }, name));
    expect(problems.join("\n")).toMatch(says);
  });
});

describe("the verifier is a program of its own", () => {
  const node = process.env["NANOS_TEST_NODE"] ?? "node";
  const run = (...args: readonly string[]): readonly [number | null, string] => {
    const cwd = fs.mkdtempSync(join(lab.dir, "empty-"));
    const { status, stdout, stderr } = spawnSync(node, args, { cwd, encoding: "utf8", env: {} });
    return [status, stdout + stderr];
  };

  test("and imports nothing but Node", () => {
    const imported = [...text(WHOLE, "nanos-verify.mjs").matchAll(/\bfrom "([^"]+)"|import\(/gu)];
    expect(imported.map(([, name]) => name?.split(":", 1)[0])).toEqual(imported.map(() => "node"));
  });

  test("in an empty folder on plain Node: 0 for what holds, 1 for what does not, 2 for nothing", () => {
    if (run("--version")[0] !== 0) {
      process.stdout.write("not available: Node 20 (install it, or name it in NANOS_TEST_NODE)\n");
      return;
    }
    const dir = join(lab.dir, "whole");
    const script = join(dir, "nanos-verify.mjs");
    const log = keyText(keyOf(world.log, "note"));
    expect(run(script, dir, "--log", log)).toEqual([0, expect.stringContaining("ok ")]);
    expect(run(script)[0]).toBe(2);
    const broken = join(lab.dir, "broken");
    fs.cpSync(dir, broken, { recursive: true });
    fs.appendFileSync(join(broken, "entries.jsonl"), "\u001b[2J\n");
    const [code, said] = run(script, broken);
    expect([code, said.includes("\u001b")]).toEqual([1, false]);
  });
});

describe("the proof of a step", () => {
  const log = keyText(keyOf(world.log, "note"));

  test("holds for whoever has the log's key", async () => {
    const proof = await proofOf(world, `${RUN}.4`);
    expect(verifyProof(proof, { log })).toMatchObject({ ok: true, problems: [] });
    expect(verifyProof(proof).problems).toEqual([expect.stringContaining("no key is named")]);
    for (let at = 0; at < proof.length; at += 3) {
      const spoiled = Buffer.from(proof);
      spoiled.writeUInt8(spoiled.readUInt8(at) ^ 2, at);
      expect([at, verifyProof(spoiled.toString(), { log }).ok]).toEqual([at, false]);
    }
  });

  test("is none where the log's key was replaced since", async () => {
    using other = evidenceLab();
    const act = proofOf({ ...world, log: other.world.log }, `${RUN}.4`);
    expect((await refusal(() => act)).code).toBe("log.unsigned");
  });

  test("is none for a step that is not there", async () => {
    expect((await refusal(() => proofOf(world, `${RUN}.99`))).code).toBe("step.unknown");
  });
});

test("what is forgotten leaves every proof as good as it was", async () => {
  using own = evidenceLab(EVENTFUL);
  const run = await eventful(own);
  const [log, step] = [keyText(keyOf(own.world.log, "note")), `${run}.4`];
  const before = await proofOf(own.world, step);
  const words = { id: "n1", text: "https://a.example/x", notes: [] };
  expect((await forget(own.world, words, false)).bodies).toBeGreaterThan(3);
  expect(own.world.journal.verify().ok).toBe(true);
  expect(verifyProof(before, { log }).ok).toBe(true);
  expect(verifyProof(await proofOf(own.world, step), { log }).ok).toBe(true);
  const files = await bundled(own.world, run, join(own.dir, "bundle"));
  const { problems } = verifyBundle(files);
  expect(problems).toEqual([]);
  expect(text(files, "bodies.jsonl")).not.toContain("a.example");
});

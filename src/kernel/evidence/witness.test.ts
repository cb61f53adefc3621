import { describe, expect, test } from "bun:test";
import { fakeClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { countingRandom } from "../../std/random.ts";
import type { Draft } from "../../contracts/event.ts";
import { refusal } from "../../home/testing/folder.ts";
import { keyOf, keyText, readNote } from "../../journal/log/note.ts";
import { memoryJournal } from "../../journal/open.ts";
import { evidenceLab, type EvidenceLab } from "../testing/evidence-lab.ts";
import type { World } from "../world.ts";
import { checkpoint } from "./checkpoints.ts";
import { evidenceDesk } from "./desk.ts";
import { SIGNING, verifyCheckpoints } from "./verify.ts";

const desk = (world: World): ReturnType<typeof evidenceDesk> => evidenceDesk(world);

function grow(
  { journal }: Pick<World, "journal">,
  count: number,
  by = "operator",
): Promise<unknown> {
  const one: Draft = {
    ...{ run: "r1", step: null, actor: "kernel", policy: null, isolation: null, label: null },
    body: { kind: "run.resumed", by },
  };
  return journal.append(Array.from({ length: count }, () => one));
}

/** The same home with another history, made with its own keys: what an insider can do. */
async function rewritten(world: World, count: number, by = "mallory"): Promise<World> {
  const journal = memoryJournal({ clock: fakeClock(), random: countingRandom() });
  const other = { ...world, journal };
  await desk(other).trust(keyText(keyOf(world.witness, "cosignature")));
  await grow(other, count, by);
  return other;
}

function verified({ journal, log }: World): unknown {
  const events = [...journal.since(0)].map(({ event }) => event);
  const signing = events.filter(({ kind }) => SIGNING.includes(kind));
  return [journal.verify().ok, verifyCheckpoints(journal, keyOf(log, "note"), signing)];
}

interface Pair extends Disposable {
  readonly owner: World;
  readonly witness: World;
}

/** A home and its witness, which know each other. */
async function pair(): Promise<Pair> {
  const labs: readonly EvidenceLab[] = [evidenceLab(), evidenceLab()];
  const [owner, witness] = labs.map(({ world }) => world) as [World, World];
  await desk(owner).trust((await desk(witness).keys()).witness);
  await desk(witness).trust((await desk(owner).keys()).log);
  return { owner, witness, [Symbol.dispose]: () => labs.forEach((one) => one[Symbol.dispose]()) };
}

/** One round: asked, signed, taken. */
async function round({ owner, witness }: Pair): Promise<number> {
  const signed = await desk(witness).cosign(await desk(owner).ask());
  return (await desk(owner).take(signed)).size;
}

test("a log is signed as it grows, and verify says how far", async () => {
  using two = await pair();
  await grow(two.owner, 5);
  expect(await round(two)).toBe(6);
  await grow(two.owner, 250);
  const size = await round(two);
  await grow(two.owner, 4);
  expect(verified(two.owner)).toEqual([true, { checkpoints: 4, size, witnessed: size, bad: null }]);
  const [seen] = (await desk(two.witness).keys()).trusted;
  const [by] = (await desk(two.owner).keys()).trusted;
  expect([seen?.is, seen?.size, by?.is, by?.size]).toEqual(["log", size, "witness", size]);
});

test("a whole history rewritten with database and key verifies by itself, and the witness refuses", async () => {
  using two = await pair();
  await grow(two.owner, 20);
  const size = await round(two);
  for (const more of [0, 1, 130]) {
    const other = await rewritten(two.owner, size + more);
    await checkpoint(other.journal, other.log);
    expect(verified(other)).toMatchObject([true, { bad: null }]);
    const request = await desk(other).ask(undefined, size);
    expect((await refusal(() => desk(two.witness).cosign(request))).code).toBe("witness.rewritten");
  }
});

test("one that became shorter is refused, and so is the same length with other events", async () => {
  using two = await pair();
  await grow(two.owner, 20);
  const size = await round(two);
  const shorter = await rewritten(two.owner, 5);
  const code = async (world: World, from?: number): Promise<string> =>
    (await refusal(async () => desk(two.witness).cosign(await desk(world).ask(undefined, from))))
      .code;
  expect(await code(shorter)).toBe("witness.truncated");
  expect(await code(await rewritten(two.owner, size - 1), size)).toBe("witness.rewritten");
});

test("the same checkpoint may be signed twice, an older one not again", async () => {
  using two = await pair();
  await grow(two.owner, 3);
  const first = await desk(two.owner).ask();
  await desk(two.witness).cosign(first);
  // It was lost on the way: the log does not know that it was signed.
  const again = await refusal(async () => desk(two.witness).cosign(await desk(two.owner).ask()));
  expect(again).toMatchObject({
    code: "witness.other_size",
    next: expect.stringContaining("--from 4"),
  });
  const signed = await desk(two.witness).cosign(await desk(two.owner).ask(undefined, 4));
  expect((await desk(two.owner).take(signed)).size).toBeGreaterThan(4);
  expect((await refusal(() => desk(two.witness).cosign(first))).code).toBe("witness.truncated");
});

describe("what is refused, by name", () => {
  const cases: readonly [string, (two: Pair) => Promise<unknown>, string][] = [
    [
      "a log nobody trusted",
      async ({ owner, witness }) => {
        await desk(witness).drop(owner.log.name);
        return desk(witness).cosign(await desk(owner).ask());
      },
      "witness.unknown_log",
    ],
    [
      "a checkpoint the log did not sign",
      async ({ owner, witness }) => {
        const forged = { ...owner, log: { ...witness.log, name: owner.log.name } };
        return desk(witness).cosign(await desk(forged).ask());
      },
      "witness.unsigned",
    ],
    [
      "a request that is none",
      async ({ witness }) => desk(witness).cosign("old x\n\nnanos\n"),
      "witness.request",
    ],
    [
      "a request with a spoiled proof",
      async ({ owner, witness }) => {
        const request = await desk(owner).ask();
        return desk(witness).cosign(request.replace("\n\n", "\nAAAA\n\n"));
      },
      "witness.request",
    ],
    [
      "a request with too long a proof",
      async ({ owner, witness }) => {
        const hash = `${Buffer.alloc(32).toString("base64")}\n`;
        const request = await desk(owner).ask();
        return desk(witness).cosign(request.replace("\n\n", `\n${hash.repeat(64)}\n`));
      },
      "witness.request",
    ],
    [
      "a request from more than there is on",
      async ({ owner }) => desk(owner).ask(undefined, 1_000),
      "witness.request",
    ],
    ["a key that is none", async ({ owner }) => desk(owner).trust("nanos+1+2"), "witness.key"],
    ["dropping what is not there", async ({ owner }) => desk(owner).drop("x"), "witness.unknown"],
    [
      "asking without a witness",
      async ({ owner, witness }) => {
        await desk(owner).drop(witness.witness.name);
        return desk(owner).ask();
      },
      "witness.unknown",
    ],
    [
      "asking one of several without a name",
      async ({ owner }) => {
        await desk(owner).trust((await desk(owner).keys()).witness);
        return desk(owner).ask();
      },
      "witness.choose",
    ],
    [
      "more witnesses than there may be",
      async ({ owner }) => {
        for (let i = 0; i < LIMITS.witnesses; i++) {
          const key = { ...keyOf(owner.witness, "cosignature"), name: `w${i}` };
          await desk(owner).trust(keyText(key));
        }
      },
      "witness.limit",
    ],
    [
      "taking what is of another log",
      async ({ owner, witness }) =>
        desk(owner).take(await checkpoint(witness.journal, witness.log)),
      "witness.not_ours",
    ],
    [
      "taking what nobody signed",
      async ({ owner }) => desk(owner).take(await checkpoint(owner.journal, owner.log)),
      "witness.nobody",
    ],
  ];
  test.each(cases)("%s", async (_, act, code) => {
    using two = await pair();
    await grow(two.owner, 3);
    expect((await refusal(() => act(two))).code).toBe(code);
  });
});

test("a cosignature that no trusted witness made is found by verify", async () => {
  using two = await pair();
  const bare = await checkpoint(two.owner.journal, two.owner.log);
  expect(readNote(bare)?.signatures.length).toBe(1);
  await two.owner.journal.append([
    {
      ...{ run: "home", step: null, actor: "operator", policy: null, isolation: null, label: null },
      body: { kind: "log.cosigned", checkpoint: bare },
    },
  ]);
  expect(verified(two.owner)).toMatchObject([
    true,
    { bad: expect.stringContaining("not signed by a witness") },
  ]);
});

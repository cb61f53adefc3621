import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fakeClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { countingRandom } from "../../std/random.ts";
import type { Draft, EventBody } from "../../contracts/event.ts";
import type { Answer, Ask } from "../../contracts/run.ts";
import { openKey } from "../../home/keys.ts";
import { refusal, testFolder } from "../../home/testing/folder.ts";
import type { Journal } from "../../journal/journal.ts";
import { keyOf, readCheckpoint, readNote, type Signer } from "../../journal/log/note.ts";
import { memoryJournal } from "../../journal/open.ts";
import { checkpoint, signerOf, withCheckpoints } from "./checkpoints.ts";
import { type Signed, verifyCheckpoints } from "./verify.ts";

const [ASK, ANSWER]: [Ask, Answer] = [
  {
    ...{ id: "a1", run: "r1", step: "r1.1", agent: "oracle", name: "mail", what: "Sends a mail." },
    ...{ reason: "ask:danger", keys: ["k"], argsHash: "0", expires: 9 },
  },
  {
    ...({ verdict: "allow", reach: "once" } as const),
    ...{ id: "a1", argsHash: "0", by: "operator@terminal" },
    ...{ at: 1, expires: 9, signature: "" },
  },
];
const ENDED = { kind: "run.ended", end: { outcome: "succeeded" } } as unknown as EventBody;

function draft(run: string, body: EventBody): Draft {
  return { run, step: null, actor: "kernel", policy: null, isolation: null, label: null, body };
}
const small = (run = "r1"): Draft => draft(run, { kind: "run.resumed", by: "operator" });

interface Given {
  readonly bare: Journal;
  readonly journal: Journal;
  readonly log: Signer;
  [Symbol.dispose](): void;
}

function given(name = "log"): Given {
  const folder = testFolder();
  const bare = memoryJournal({ clock: fakeClock(), random: countingRandom() });
  const log = signerOf(openKey(join(folder.dir, `${name}.key`), "begin anew"), "nanos-log");
  const journal = withCheckpoints(bare, log);
  return { bare, journal, log, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** Sizes the checkpoints of a journal say, oldest first. */
function sizes(journal: Journal): readonly number[] {
  return [...journal.chain("home")].flatMap(({ body }) => {
    if (body?.kind !== "log.checkpointed") return [];
    return [readCheckpoint(readNote(body.checkpoint)?.text ?? "")?.size ?? -1];
  });
}

function verified({ bare, log }: Given): Signed {
  const events = [...bare.since(0)].map(({ event }) => event);
  const signed = events.filter(({ kind }) => kind === "log.checkpointed");
  return verifyCheckpoints(bare, keyOf(log, "note"), signed);
}

describe("a checkpoint is signed", () => {
  test.each([
    [
      "after an answer",
      draft("home", { kind: "approval.answered", ask: ASK, answer: ANSWER }),
      [2],
    ],
    ["after one given beforehand", draft("home", { kind: "approval.given", answer: ANSWER }), [2]],
    ["after the end of a run", draft("r1", ENDED), [2]],
    ["not after the end of a part of one", draft("r1_2", ENDED), []],
    ["not after anything else", small(), []],
  ] as const)("%s", async (_, last, expected) => {
    using one = given();
    await one.journal.append([small()]);
    await one.journal.append([last]);
    expect(sizes(one.bare)).toEqual([...expected]);
    const [size = 0] = expected;
    const all = { checkpoints: expected.length, size, witnessed: 0, bad: null };
    expect(verified(one)).toEqual(all);
  });

  test("after so many events, whatever they are", async () => {
    using one = given();
    for (let left: number = LIMITS.checkpointEvents; left > 0; left -= 250) {
      expect(sizes(one.bare)).toEqual([]);
      await one.journal.append(Array.from({ length: 250 }, () => small()));
    }
    expect(sizes(one.bare)).toEqual([LIMITS.checkpointEvents]);
  });
});

test("runs that end at once share a checkpoint, and one that ends later has its own", async () => {
  using one = given();
  const runs = Array.from({ length: 8 }, (_, i) => `r${i}`);
  await Promise.all(runs.map((run) => one.journal.append([draft(run, ENDED)])));
  expect(sizes(one.bare)).toEqual([8]);
  const late = one.journal.append([draft("r8", ENDED)]);
  // It begins while the other one is being signed, and is not covered by that.
  const later = late.then(() => undefined);
  await one.bare.append([small()]);
  await Promise.all([later, one.journal.append([draft("r9", ENDED)])]);
  const all = sizes(one.bare);
  expect(all.at(-1)).toBeGreaterThanOrEqual(one.bare.head("r9")?.seq ?? Infinity);
  expect(verified(one)).toMatchObject({ checkpoints: all.length, bad: null });
});

test("what was appended stands where nothing can be signed", async () => {
  using one = given();
  const broken: Signer = {
    ...one.log,
    sign: () => {
      throw new Error("no key");
    },
  };
  const journal = withCheckpoints(one.bare, broken);
  expect((await journal.append([draft("r1", ENDED)])).length).toBe(1);
  expect([one.bare.size(), sizes(one.bare)]).toEqual([1, []]);
});

describe("a checkpoint that is not what it says is named", () => {
  const cases: readonly [string, (one: Given, other: Given) => Promise<unknown>, RegExp][] = [
    ["signed by another key", async ({ bare }, { log }) => checkpoint(bare, log), /another log/u],
    [
      "another key under this one's name",
      async ({ bare, log }, other) =>
        checkpoint(bare, { ...other.log, name: log.name, publicKey: other.log.publicKey }),
      /not signed by this home's key/u,
    ],
    [
      "made of other events",
      async ({ bare, log }, other) => {
        await other.bare.append([small("r2"), small("r2"), small("r2")]);
        const checkpointOfIt = await checkpoint(other.bare, log);
        await bare.append([
          draft("home", { kind: "log.checkpointed", checkpoint: checkpointOfIt }),
        ]);
      },
      /not made of the events before it \(event 4 of home, hash [0-9a-f]{64}\)/u,
    ],
    [
      "no note at all",
      async ({ bare }) =>
        bare.append([draft("home", { kind: "log.checkpointed", checkpoint: "yes" })]),
      /cannot be read/u,
    ],
  ];
  test.each(cases)("%s", async (_, spoil, says) => {
    using one = given();
    using other = given("other");
    await one.bare.append([small(), small(), small()]);
    await spoil(one, other);
    expect(verified(one).bad).toMatch(says);
    // The chains see nothing wrong with it.
    expect(one.bare.verify().ok).toBe(true);
  });
});

test("it cannot be erased", async () => {
  using one = given();
  await one.journal.append([draft("r1", ENDED)]);
  const event = one.bare.head("home");
  expect(event?.kind).toBe("log.checkpointed");
  const erasing = one.bare.erase(event?.hash ?? "", "why not");
  expect((await refusal(() => erasing)).code).toBe("journal.not_erasable");
  expect(verified(one)).toEqual({ checkpoints: 1, size: 1, witnessed: 0, bad: null });
});

import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { canonical } from "../../std/canonical.ts";
import { fakeClock } from "../../std/clock.ts";
import { hashOf, sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { countingRandom } from "../../std/random.ts";
import type { Draft } from "../../contracts/event.ts";
import { memoryJournal } from "../../journal/open.ts";
import { fork } from "../runner.ts";
import {
  bundled,
  evidenceLab,
  type EvidenceLab,
  EVENTFUL,
  eventful,
  type Files,
  verifyBundle,
} from "../testing/evidence-lab.ts";
import { withCheckpoints } from "./checkpoints.ts";

/** What a fork shares with the run it comes from is evidence of the fork, and as hard to change. */

async function forked(own: EvidenceLab, run: string, at: string): Promise<string> {
  const ask = async () => ({ verdict: "allow", reach: "run" }) as const;
  const handle = await fork(own.world, { run, at, ask });
  expect((await handle.done).state).toBe("ended");
  return handle.run;
}

/** How the bundle's own program ends, on plain Node with nothing around it. */
function plainly(node: string, dir: string): number | null {
  const script = join(dir, "nanos-verify.mjs");
  return spawnSync(node, [script, dir], { cwd: dir, env: {} }).status;
}

const asked = process.env["NANOS_TEST_NODE"] ?? "node";
const NODE = spawnSync(asked, ["--version"]).status === 0 ? asked : null;
if (NODE === null) {
  console.log("not available: Node 20 (install it, or name it in NANOS_TEST_NODE)");
}

type Entry = { [key: string]: Json } & { readonly run: string; readonly seq: number };

function linesOf(files: Files, name: string): readonly Entry[] {
  const text = Buffer.from(files.get(name) ?? "").toString();
  return text.split("\n").flatMap((line) => (line ? [JSON.parse(line) as Entry] : []));
}

/** The bundle with each line of one file as `change` makes it; what it makes null is left out. */
function changed(files: Files, name: string, change: (line: Entry) => Json): Files {
  const lines = linesOf(files, name).map(change);
  const text = lines.flatMap((line) => (line === null ? [] : [`${canonical(line)}\n`])).join("");
  return new Map([...files, [name, Buffer.from(text)]]);
}

test("a fork, and a fork of it, verify on plain Node, and a changed ancestry does not", async () => {
  using own = evidenceLab(EVENTFUL);
  const trunk = await eventful(own);
  const first = await forked(own, trunk, "5");
  const second = await forked(own, first, "6");
  for (const run of [first, second]) {
    const dir = join(own.dir, run);
    const files = await bundled(own.world, run, dir);
    expect(linesOf(files, "entries.jsonl")[0]?.run).toBe(trunk);
    const start = linesOf(files, "entries.jsonl").find((one) => one.run === run);
    expect(verifyBundle(files).problems).toEqual([]);
    if (NODE !== null) expect(plainly(NODE, dir)).toBe(0);
    const isStart = ({ seq }: Entry): boolean => seq === start?.seq;
    const elsewhere = (line: Entry): Entry => ({ ...line, prev: sha256("elsewhere") });
    const rehashed = ({ hash: _, ...rest }: Entry): Json => ({ ...rest, hash: hashOf(rest) });
    const cases: readonly (readonly [string, (line: Entry) => Json, RegExp])[] = [
      ["entries.jsonl", (l) => (isStart(l) ? elsewhere(l) : l), /is not what its hash says/u],
      [
        "entries.jsonl",
        (l) => (isStart(l) ? rehashed(elsewhere(l)) : l),
        /does not go on from what it names/u,
      ],
      ["entries.jsonl", (l) => (l.run === trunk ? null : l), /from an entry that is not here/u],
      [
        "bodies.jsonl",
        (l) => {
          if (!isStart(l)) return l;
          const body = l["body"] as { readonly fork: { readonly [key: string]: Json } };
          return { ...l, body: { ...body, fork: { ...body.fork, run: "r0" } } };
        },
        /body of entry \d+ is not what was recorded[^]*goes on from a run it does not name/u,
      ],
    ];
    for (const [name, change, says] of cases) {
      const broken = changed(files, name, change);
      expect(verifyBundle(broken).problems.join("\n")).toMatch(says);
    }
    const spoiled = changed(files, "entries.jsonl", (l) =>
      isStart(l) ? rehashed(elsewhere(l)) : l,
    );
    for (const [file, bytes] of spoiled) fs.writeFileSync(join(dir, file), bytes);
    if (NODE !== null) expect(plainly(NODE, dir)).toBe(1);
  }
}, 30_000);

test("a fork that was recorded as one of another run is found, however well it is signed", async () => {
  using own = evidenceLab(EVENTFUL);
  const trunk = await eventful(own);
  const run = await forked(own, trunk, "5");
  const { world } = own;
  const of = async (named: string): Promise<readonly string[]> => {
    const clock = fakeClock();
    const journal = withCheckpoints(memoryJournal({ clock, random: countingRandom() }), world.log);
    const hashes = new Map<string, string>();
    for (const { event, body } of [...world.journal.chain(trunk), ...world.journal.chain(run)]) {
      if (!body) continue;
      const from = body.kind === "run.started" ? body.fork : undefined;
      const there = from && { ...from, run: named, hash: hashes.get(from.hash) ?? "" };
      const draft = { ...event, body: there ? { ...body, fork: there } : body } as Draft;
      const [written] = await journal.append([draft]);
      hashes.set(event.hash, written?.hash ?? "");
    }
    const files = await bundled({ ...world, journal }, run, join(own.dir, `as-${named}`));
    return verifyBundle(files).problems;
  };
  expect(await of(trunk)).toEqual([]);
  expect((await of("r0")).join("\n")).toContain("forked from an entry that is not here");
});

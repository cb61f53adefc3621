import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FakeClock, fakeClock } from "../../std/clock.ts";
import { systemRandom } from "../../std/random.ts";
import type { Draft, Event, EventBody } from "../../contracts/event.ts";
import type { Journal } from "../journal.ts";
import { type JournalOptions, openJournal } from "../open.ts";

/** What the journal's tests share: folders that go away, drafts, and a journal on a fake clock. */

/** Runs `act` with a folder of its own and removes it afterwards. */
export async function inFolder(act: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = fs.mkdtempSync(join(tmpdir(), "nanos-journal-"));
  try {
    await act(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

export function open(dir: string, more: Partial<JournalOptions> = {}): Journal {
  return openJournal({ dir, clock: fakeClock(), random: systemRandom, ...more });
}

export function openAt(dir: string): { readonly journal: Journal; readonly clock: FakeClock } {
  const clock = fakeClock();
  return { journal: open(dir, { clock }), clock };
}

/** A draft of any run; the body is a text of that length, or the body given. */
export function draft(run: string, body: EventBody | string | number = "hello"): Draft {
  const text = typeof body === "number" ? "x".repeat(body) : body;
  return {
    run,
    step: `${run}.1`,
    actor: "kernel",
    policy: null,
    isolation: null,
    label: null,
    body: typeof text === "string" ? { kind: "home.created", version: text } : text,
  };
}

/** The first event of a run that another one delegated to. */
export function childDraft(run: string, parent: Event): Draft {
  const started = {
    kind: "run.started",
    request: "look it up",
    parent: { run: parent.run, step: `${parent.run}.1`, hash: parent.hash },
  };
  return { ...draft(run), step: null, body: started as unknown as EventBody };
}

/** Three chains with an erased body, a large body and a branch: something of everything. */
export async function fill(journal: Journal): Promise<readonly Event[]> {
  const [first] = await journal.append([draft("home", "0.1.0")]);
  const [root] = await journal.append([draft("r1", "a question"), draft("r1", 300)]);
  const [large] = await journal.append([childDraft("r2", root as Event), draft("r1", 70_000)]);
  await journal.append([draft("r2", "ünïcödé \u2028 \ud83d\ude00")]);
  await journal.erase((first as Event).hash, "asked for");
  const rest = await journal.append([
    { ...draft("r2"), label: LABEL, policy: "p", step: "odd step" },
  ]);
  return [first, root, large, ...rest] as readonly Event[];
}

const LABEL: NonNullable<Draft["label"]> = {
  integrity: "untrusted",
  secrecy: "private",
  sources: ["web:a.example", "ü"],
};

/** The code of the `NanosError` that `act` fails with, or what it gave instead. */
export async function codeOfFailure(act: () => unknown): Promise<string> {
  try {
    return `no failure: ${JSON.stringify(await act())}`;
  } catch (error) {
    if (error instanceof Error && "code" in error && "next" in error) return String(error.code);
    return error instanceof Error ? error.constructor.name : String(error);
  }
}

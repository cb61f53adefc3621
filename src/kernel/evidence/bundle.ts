import * as fs from "node:fs";
import { join } from "node:path";
import { canonical } from "../../std/canonical.ts";
import { assert, NanosError } from "../../std/error.ts";
import { hashOf, sha256 } from "../../std/hash.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Recorded } from "../../contracts/drive.ts";
import type { Event } from "../../contracts/event.ts";
import type { Bundled } from "../../contracts/evidence.ts";
import { verifierText } from "../../home/assets.ts";
import {
  base64,
  keyOf,
  keyText,
  signedBy,
  type VerifierKey,
  withSignatures,
} from "../../journal/log/note.ts";
import { outputIn } from "../vault/output.ts";
import { chainsOf } from "../views/export.ts";
import type { World } from "../world.ts";
import { pointOver, readPoint, trustedKeys } from "./points.ts";

/**
 * Evidence for a stranger: a folder of plain files that `verifier/nanos-verify.mjs`, which lies in it
 * as well, checks without nanos.
 *
 *     entries.jsonl         the events of the run and of those it delegated to, by `seq`
 *     bodies.jsonl          what they say, with the salts of their digests; none where redacted
 *     proofs.jsonl          for each that it is in the log
 *     checkpoint            the log, signed, by witnesses too where there are some
 *     policy                whose signatures count
 *     statement.dsse.json   an in-toto statement over all these files, signed
 */
export type Evidence = Pick<World, "journal" | "log" | "operatorKey" | "version">;

/** @throws NanosError `export.not_empty`, `run.unknown`, `journal.*`. */
export async function exportBundle(
  world: Evidence,
  run: string,
  dir: string,
  { redacted }: { readonly redacted: boolean },
): Promise<Bundled> {
  if (fs.existsSync(dir) && fs.readdirSync(dir).length > 0) throw notEmpty(dir);
  const files = await bundleOf(world, run, redacted);
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const [name, text] of files) fs.writeFileSync(join(dir, name), text, { mode: 0o600 });
  const events = (files.get("entries.jsonl") ?? "").split("\n").length - 1;
  return { run, dir, events, files: [...files.keys()].toSorted(), log: logKeyText(world) };
}

/** The files of a bundle by name. */
export async function bundleOf(
  world: Evidence,
  run: string,
  redacted: boolean,
): Promise<ReadonlyMap<string, string>> {
  const { journal } = world;
  const recorded = recordedFor(journal, run);
  const note = await pointOver(world, recorded.at(-1)?.event.seq ?? 0);
  const { text, policy, size } = signedPoint(world, note);
  const proofs = recorded.map(({ event: { seq } }) => ({
    seq,
    proof: journal.log.inclusion(seq, size).map(base64),
  }));
  const bodies = redacted ? [] : recorded.flatMap(({ event }) => disclosed(world, event));
  const files = new Map([
    ["entries.jsonl", lines(recorded.map(({ event }) => canonical(event as Json)))],
    ["bodies.jsonl", lines(bodies)],
    ["proofs.jsonl", lines(proofs.map((one) => canonical(one)))],
    ["checkpoint", text],
    ["policy", policy],
    ["nanos-verify.mjs", verifierText()],
  ]);
  const told = { run, recorded, size, redacted, bodies: bodies.length };
  files.set("statement.dsse.json", signedStatement(world, files, told));
  return files;
}

/** All of the run, of those it delegated to, and of those it was forked from up to there, by `seq`. */
function recordedFor(journal: World["journal"], run: string): readonly Recorded[] {
  const recorded = chainsOf(journal, run).flatMap((chain) => [...journal.chain(chain)]);
  let first = recorded[0]?.body;
  for (let forks = 0; first?.kind === "run.started" && first.fork; forks++) {
    assert(forks <= LIMITS.forks, "a run is forked from no more than its limit");
    const { run: trunk, hash } = first.fork;
    const chain = [...journal.chain(trunk)];
    const end = chain.findIndex(({ event }) => event.hash === hash);
    recorded.push(...chain.slice(0, end + 1));
    first = chain[0]?.body;
  }
  return recorded.toSorted((a, b) => a.event.seq - b.event.seq);
}

/** Proof for one step: its newest event, which stands for all before it, in the form of C2SP. */
export async function proofOf(world: Evidence, step: string): Promise<string> {
  const { journal } = world;
  const run = step.split(".", 1)[0] ?? step;
  const event = [...journal.chain(run)].findLast((one) => one.event.step === step)?.event;
  if (!event) {
    const next = `See \`nanos trace show ${run}\`.`;
    throw new NanosError("step.unknown", `There is no step ${step}.`, next);
  }
  const { text, size } = signedPoint(world, await pointOver(world, event.seq));
  const extra = base64(Buffer.from(canonical(event as Json)));
  const proof = journal.log.inclusion(event.seq, size).map(base64);
  return [PROOF, `extra ${extra}`, `index ${event.seq - 1}`, ...proof, "", text].join("\n");
}

const PROOF = "c2sp.org/tlog-proof@v1";

/** The key by which the log's checkpoints are verified. */
export function logKeyText({ log }: Pick<World, "log">): string {
  return keyText(keyOf(log, "note"));
}

interface Signed {
  readonly text: string;
  readonly policy: string;
  readonly size: number;
}

/** The checkpoint with the signatures that count, and the policy by which they do. */
function signedPoint({ journal, log }: Pick<World, "journal" | "log">, note: string): Signed {
  const point = readPoint(note);
  const own = keyOf(log, "note");
  const signature = point && signedBy(point.note, own);
  if (!signature) {
    throw new NanosError(
      "log.unsigned",
      "The newest checkpoint is not signed by this home's key.",
      "See what does not fit: nanos trace verify",
    );
  }
  const witnesses = trustedKeys(journal, "cosignature");
  const signing = witnesses.flatMap((key) => signedBy(point.note, key)?.line ?? []);
  const text = withSignatures(`${point.note.text}\n${signature.line}\n`, signing);
  return { text, policy: policyOf(own, witnesses, signing.length > 0), size: point.size };
}

function policyOf(
  log: VerifierKey,
  witnesses: readonly VerifierKey[],
  isCosigned: boolean,
): string {
  const names = witnesses.map(({ name }) => name);
  const group = isCosigned
    ? [`group any-witness any ${names.join(" ")}`, "quorum any-witness"]
    : [];
  return lines([
    `log ${keyText(log)}`,
    ...witnesses.map((key) => `witness ${key.name} ${keyText(key)}`),
    ...(isCosigned ? group : ["quorum none"]),
  ]);
}

function disclosed({ journal }: Pick<World, "journal">, event: Event): readonly string[] {
  const found = journal.disclose(event);
  if (found === null) return [];
  // The body goes as it was hashed, not as it would be written now.
  return [`{"body":${found.text},"salt":"${found.salt}","seq":${event.seq}}`];
}

interface Told {
  readonly run: string;
  readonly recorded: readonly Recorded[];
  readonly size: number;
  readonly redacted: boolean;
  readonly bodies: number;
}

/** The statement about the files in a DSSE envelope, with the log's signature. */
function signedStatement(world: Evidence, files: ReadonlyMap<string, string>, told: Told): string {
  const named = [...files].map(([name, text]): [string, string] => [name, sha256(text)]);
  const subject = [...named, ...artifactsIn(told), ...outputsIn(told)].map(([name, hash]) => ({
    name,
    digest: { sha256: hash },
  }));
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: subject.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    predicateType: "urn:nanos:evidence:v1",
    predicate: predicateOf(world, told),
  };
  const type = "application/vnd.in-toto+json";
  const payload = canonical(statement as unknown as Json);
  const encoded = `DSSEv1 ${type.length} ${type} ${Buffer.byteLength(payload)} ${payload}`;
  const envelope = {
    payload: base64(Buffer.from(payload)),
    payloadType: type,
    signatures: [{ keyid: logKeyText(world), sig: world.log.sign(encoded) }],
  };
  return `${canonical(envelope)}\n`;
}

/**
 * What was kept as an artifact in what the bundle tells, by step and title, with the SHA-256 of its
 * bytes: who has these can tell that they are what the run made.
 */
function artifactsIn({ recorded, redacted }: Told): ReadonlyMap<string, string> {
  const found = redacted ? [] : recorded;
  return new Map(
    found.flatMap(({ event: { step }, body }): [string, string][] => {
      if (body?.kind !== "action.settled" || body.outcome.status !== "done") return [];
      const { artifact } = body.outcome;
      return artifact ? [[`artifact:${step}:${artifact.title}`, artifact.hash]] : [];
    }),
  );
}

/** What tasks that have a title ended with, in the same way: it lies in the bodies and not in the vault. */
function outputsIn({ recorded, redacted }: Told): ReadonlyMap<string, string> {
  const found = redacted ? [] : recorded;
  return new Map(
    found.flatMap(({ body }): [string, string][] => {
      if (body?.kind !== "task.ended" || !body.artifact) return [];
      const { from, output, artifact } = body;
      for (const one of found) {
        if (one.event.step !== from || one.body?.kind !== "action.settled") continue;
        const bytes = output === null ? null : outputIn(one.body.outcome, output);
        if (bytes) return [[`artifact:${from}:${artifact.title}`, sha256(bytes)]];
      }
      return [];
    }),
  );
}

function predicateOf({ log, operatorKey, version }: Evidence, told: Told): Json {
  const { run, recorded, size, redacted, bodies } = told;
  const head = recorded.findLast(({ event }) => event.run === run)?.event;
  const erased = recorded.filter(({ body }) => body === null).length;
  return {
    ...{ run, head: head?.hash ?? "", redacted, bodies, erased, version },
    artifacts: artifactsIn(told).size,
    outputs: outputsIn(told).size,
    log: { origin: log.name, size, index: (head?.seq ?? 0) - 1 },
    decisions: hashOf(recorded.flatMap(decisionOf)),
    operator: operatorKey(),
    approvers: [...new Set(recorded.flatMap(approverOf))].toSorted(),
  };
}

function decisionOf({ event: { step }, body }: Recorded): readonly Json[] {
  if (body?.kind !== "action.judged") return [];
  const { verdict, reason, rank, rule } = body.decision;
  return [{ step, verdict, reason, rank, rule }];
}

function approverOf({ body }: Recorded): readonly string[] {
  return body?.kind === "approval.used" ? [body.answer.by] : [];
}

function lines(all: readonly string[]): string {
  return all.map((one) => `${one}\n`).join("");
}

function notEmpty(dir: string): NanosError {
  return new NanosError(
    "export.not_empty",
    `${dir} is not empty, and nothing there is overwritten.`,
    "Name a folder that is empty or not there yet.",
  );
}

#!/usr/bin/env node
/**
 * Checks evidence that a NanoOS home gave out, without NanoOS: plain Node 20 or newer, this one file.
 *
 *     node nanos-verify.mjs BUNDLE [--log KEY] [--policy FILE] [--operator KEY]
 *     node nanos-verify.mjs STEP.tlog-proof --log KEY [--policy FILE]
 *
 * What it checks of a bundle (`nanos trace export RUN DIR --bundle`):
 *
 *     files       each is exactly what the signed statement names, in the one form there is for it
 *     chain       every entry's hash, and that each continues the one before it
 *     log         every entry is in the log: leaf hash, inclusion proof, signed checkpoint
 *     witnesses   who else signed the checkpoint, by the policy
 *     ancestry    a run that was forked or delegated goes on from the very entry it names
 *     bodies      what is disclosed is what was recorded: salted digests
 *     decisions   no effect without a decision before it; every settled step was proposed
 *     approvals   the operator's signatures cover the asks they answer
 *
 * What it cannot tell: whether what was recorded is what happened, and, where no witness signed,
 * whether whoever holds the log's key wrote all of it anew. Keys that come with the bundle prove
 * nothing by themselves: compare them with what you were given elsewhere, or name them here.
 *
 * It ends with 0 when all holds, 1 when something does not, 2 when it was asked for nothing.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const GENESIS = "0".repeat(64);
const STATEMENT = "statement.dsse.json";
const FILES = ["bodies.jsonl", "checkpoint", "entries.jsonl", "policy", "proofs.jsonl"];
const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const PREDICATE_TYPE = "urn:nanos:evidence:v1";

/**
 * All that is wrong with a bundle, and what it shows. `files` holds the bytes of each file by name;
 * `trust` what the caller knows from elsewhere: `log`, `policy`, `operator`.
 */
export function verifyBundle(files, trust = {}) {
  const found = { problems: [], shows: [] };
  const fail = (what) => void found.problems.push(what);
  try {
    const policy = readPolicy(trust.policy ?? textOf(files, "policy"));
    const statement = readStatement(files, trust, policy, fail);
    const bundle = { files, trust, policy, fail, statement, shows: found.shows };
    const entries = readEntries(bundle);
    const bodies = readBodies(bundle, entries);
    checkLog(bundle, entries);
    checkAncestry(bundle, entries, bodies);
    checkSteps(bundle, entries, bodies);
    checkStatement(bundle, entries, bodies);
  } catch (error) {
    fail(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { ok: found.problems.length === 0, ...found };
}

/** The same for the proof of one step. */
export function verifyProof(text, trust = {}) {
  const found = { problems: [], shows: [] };
  const fail = (what) => void found.problems.push(what);
  try {
    const cut = text.indexOf("\n\n");
    const [head, extra, at, ...lines] = text.slice(0, cut).split("\n");
    if (head !== "c2sp.org/tlog-proof@v1") throw new Error("it is no tlog-proof");
    const entry = utf8(fromBase64(extra?.replace(/^extra /u, "") ?? ""));
    const event = entryOf(entry);
    if (at !== `index ${event.seq - 1}`) fail("its index is not that of the entry it holds");
    const policy = readPolicy(trust.policy ?? `log ${trust.log ?? ""}\nquorum none\n`);
    const given = { policy, trust, fail, shows: found.shows };
    const point = checkCheckpoint(text.slice(cut + 2), given);
    if (!isIncluded(event, lines.map(fromBase64), point))
      fail("its proof does not lead to the root");
    found.shows.push(`entry ${event.seq}: ${event.kind} of ${event.step ?? event.run}`);
  } catch (error) {
    fail(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { ok: found.problems.length === 0, ...found };
}

// ---- Entries and bodies.

/** Entries by chain order, each hashed again and linked to the one before. */
function readEntries({ files, fail }) {
  const entries = linesOf(files, "entries.jsonl").map((line) => entryOf(line));
  const heads = new Map();
  const known = new Map();
  let last = 0;
  for (const entry of entries) {
    const { seq, run, hash, prev, kind } = entry;
    if (!Number.isSafeInteger(seq) || seq <= last) fail(`entry ${seq} is out of order`);
    const head = heads.get(run);
    if (head === undefined && kind !== "run.started") fail(`run ${run} does not begin at ${seq}`);
    // Only the run the bundle is about may be a part of one that is not here.
    if (head === undefined && prev !== GENESIS && !known.has(prev) && last > 0) {
      fail(`entry ${seq} continues an entry that is not here`);
    }
    if (head !== undefined && prev !== head) fail(`entry ${seq} does not continue its chain`);
    heads.set(run, hash);
    known.set(hash, entry);
    last = seq;
  }
  return entries;
}

/** An entry whose text and hash are exactly what they must be. */
function entryOf(line) {
  const entry = exact(line);
  const { hash, ...rest } = entry;
  const made = sha256(Buffer.from(canonical(rest))).toString("hex");
  if (hash !== made) throw new Error(`entry ${entry.seq} is not what its hash says`);
  return entry;
}

/** Disclosed bodies by `seq`, each against its salted digest. */
function readBodies({ files, fail }, entries) {
  const bodies = new Map();
  const bySeq = new Map(entries.map((entry) => [entry.seq, entry]));
  let last = 0;
  for (const line of linesOf(files, "bodies.jsonl")) {
    const { seq, salt, body, ...more } = exact(line);
    const entry = bySeq.get(seq);
    if (entry === undefined || seq <= last || Object.keys(more).length > 0) {
      fail(`a body is not of an entry that is here, in order: ${seq}`);
      continue;
    }
    last = seq;
    const text = canonical(body);
    const digest = sha256(Buffer.from(`nanos.body.v1\n${salt}\n${text}`)).toString("hex");
    const isWhole = digest === entry.body.digest && Buffer.byteLength(text) === entry.body.bytes;
    if (!isWhole) fail(`the body of entry ${seq} is not what was recorded`);
    if (body?.kind !== entry.kind) fail(`the body of entry ${seq} is of another kind`);
    bodies.set(seq, body);
  }
  return bodies;
}

/** Where a run says what it goes on from, that is what its chain goes on from. */
function checkAncestry({ fail }, entries, bodies) {
  const known = new Map(entries.map((entry) => [entry.hash, entry]));
  for (const { seq, run, prev, kind } of entries) {
    const body = kind === "run.started" ? bodies.get(seq) : undefined;
    if (!body) continue;
    const from = body.parent ?? body.fork;
    if (prev !== (from?.hash ?? GENESIS)) fail(`run ${run} does not go on from what it names`);
    const origin = known.get(prev);
    if (origin && origin.run !== from?.run) fail(`run ${run} goes on from a run it does not name`);
    // A bundle has all a fork shares; one of a delegated run has that run alone.
    if (!origin && body.fork) fail(`run ${run} was forked from an entry that is not here`);
  }
}

// ---- The log.

function checkLog(bundle, entries) {
  const { files, fail } = bundle;
  const point = checkCheckpoint(textOf(files, "checkpoint"), bundle);
  const proofs = linesOf(files, "proofs.jsonl").map((line) => exact(line));
  if (proofs.length !== entries.length) fail("there is not one proof for each entry");
  for (const [i, entry] of entries.entries()) {
    const { seq, proof, ...more } = proofs[i] ?? {};
    const fits = seq === entry.seq && Array.isArray(proof) && Object.keys(more).length === 0;
    if (fits && isIncluded(entry, proof.map(fromBase64), point)) continue;
    fail(`entry ${entry.seq} is not shown to be in the log`);
  }
}

/** The checkpoint of a note that the log signed, and by the policy enough witnesses. */
function checkCheckpoint(text, { policy, trust, fail, shows }) {
  const note = readNote(text);
  const [origin, size, root, ...more] = note.text.slice(0, -1).split("\n");
  if (more.length > 0 || !/^(0|[1-9]\d*)$/u.test(size)) throw new Error("a checkpoint is damaged");
  const logs = policy.logs.filter(({ name }) => name === origin);
  const log = logs.find((key) => signedBy(note, key) !== null);
  if (log === undefined) fail("the checkpoint is not signed by the log");
  if (trust.log !== undefined && trust.log !== log?.text) fail("its log is not the one you named");
  const signed = [...policy.witnesses].flatMap(([name, key]) => {
    const seconds = signedBy(note, key);
    return seconds === null ? [] : [{ name, seconds }];
  });
  const names = new Set(signed.map(({ name }) => name));
  if (!isQuorum(policy, policy.quorum, names)) fail("not enough witnesses signed the checkpoint");
  // A signature nobody can check is no part of the evidence.
  if (note.signatures.length !== names.size + (log ? 1 : 0)) {
    fail("the checkpoint has a signature of nobody that is known");
  }
  shows.push(`log ${origin} at ${size} entries, key ${log?.text ?? "unknown"}`);
  for (const { name, seconds } of signed) {
    shows.push(`witness ${name} saw it at ${new Date(seconds * 1000).toISOString()}`);
  }
  if (names.size === 0) {
    shows.push("no witness signed: whoever holds the log's key could have written it anew");
  }
  return { size: Number(size), root: fromBase64(root) };
}

/** RFC 6962: the entry's leaf and its proof lead to the root. */
function isIncluded({ seq, hash }, proof, { size, root }) {
  let at = seq - 1;
  let last = size - 1;
  if (at < 0 || at > last) return false;
  let node = sha256(Buffer.concat([Buffer.from([0]), Buffer.from(hash, "hex")]));
  for (const sibling of proof) {
    if (last === 0) return false;
    const isRight = at % 2 === 1 || at === last;
    const [left, right] = isRight ? [sibling, node] : [node, sibling];
    node = sha256(Buffer.concat([Buffer.from([1]), left, right]));
    if (isRight) while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && node.equals(root);
}

function half(n) {
  return Math.floor(n / 2);
}

// ---- What happened: proposals, decisions, effects, approvals.

function checkSteps(bundle, entries, bodies) {
  const steps = new Map();
  const runs = new Map();
  for (const entry of entries) {
    const { step, run, seq } = entry;
    // What was answered for the rest of a run holds in a fork of it.
    const trunk = bodies.get(seq)?.fork?.run;
    if (trunk !== undefined) runs.set(run, [...(runs.get(trunk) ?? [])]);
    if (step === null) continue;
    if (!step.startsWith(`${run}.`)) bundle.fail(`entry ${seq} is of a step of another run`);
    const one = steps.get(step) ?? { step, judged: [], asked: new Map() };
    steps.set(step, one);
    const answers = runs.get(run) ?? [];
    runs.set(run, answers);
    checkEntry(bundle, { entry, body: bodies.get(seq), one, answers });
  }
}

function checkEntry(bundle, { entry, body, one, answers }) {
  const { fail } = bundle;
  const at = `entry ${entry.seq}: step ${one.step}`;
  switch (entry.kind) {
    case "action.proposed":
      if (one.proposed) fail(`${at} is proposed twice`);
      one.proposed = true;
      one.action = body?.action;
      break;
    case "action.judged":
      if (!one.proposed) fail(`${at} is judged and was never proposed`);
      one.judged.push(body?.decision ?? null);
      break;
    case "approval.asked":
      if (body) checkAsk(fail, at, one, body.ask);
      else one.isHidden = true;
      break;
    case "approval.used":
      if (body) answers.push({ ...checkAnswer(bundle, at, one, body), step: one.step });
      break;
    case "action.settled":
    case "model.answered":
      if (!one.proposed) fail(`${at} came to something and was never proposed`);
      if (one.judged.length === 0) fail(`${at} came to something and nothing was decided`);
      if (one.settled) fail(`${at} came to something twice`);
      one.settled = true;
      if (body) checkEffect(fail, at, one, body, answers);
      break;
    default:
  }
}

/** What was done was allowed, and where it was asked about, the operator's answers cover it. */
function checkEffect(fail, at, { step, judged }, body, answers) {
  const status = body.outcome?.status ?? "done";
  const last = judged.at(-1);
  if (!last) return;
  const took = status === "done" || status === "failed";
  if (took && last.verdict !== "allow") fail(`${at} took effect and was not allowed`);
  if (status === "denied" && last.verdict !== "deny") fail(`${at} was denied by no decision`);
  if (!took) return;
  for (const decision of judged) {
    if (decision?.verdict !== "ask") continue;
    for (const key of decision.keys) {
      if (!answers.some((answer) => covers(answer, key, step))) {
        fail(`${at} took effect without the answer it was asked about (${key})`);
      }
    }
  }
}

/** True for a yes that names this key and reaches this step. */
function covers({ answer, keys, step }, key, asked) {
  if (answer.verdict !== "allow" || keys?.includes(key) === false) return false;
  const outer = (one) => one.split(".", 2).join(".");
  const isForRun = answer.reach === "run" || key.startsWith("unlocked:");
  return isForRun || outer(step) === outer(asked);
}

function checkAsk(fail, at, one, ask) {
  if (ask.step !== one.step) fail(`${at} holds an ask of another step`);
  if (one.action !== undefined && argsOf(one.action) !== ask.argsHash) {
    fail(`${at} asks about other arguments than were proposed`);
  }
  one.asked.set(ask.id, ask);
}

/** An answer with the keys it covers. Its signature must be the operator's, over just this answer. */
function checkAnswer({ fail, statement, shows }, at, one, { id, answer }) {
  const { signature, ...said } = answer;
  const operator = statement.predicate.operator;
  const isSigned = isSignature(fromBase64(operator), canonical(said), fromBase64(signature));
  if (!isSigned) fail(`${at} uses an answer that the operator did not sign`);
  const ask = one.asked.get(id);
  if (answer.id !== id) fail(`${at} uses an answer under another name`);
  if (ask !== undefined && ask.argsHash !== answer.argsHash) {
    fail(`${at} uses an answer to other arguments`);
  }
  if (ask === undefined && !one.isHidden) checkBeforehand(fail, at, one, answer);
  shows.push(`${answer.verdict} by ${answer.by} for ${one.step}`);
  // What was asked may be erased; the answer to it is still signed.
  return { answer, keys: ask?.keys ?? answer.for?.keys ?? (one.isHidden ? null : []) };
}

/** A yes given before it was asked for names the one use it is good for. */
function checkBeforehand(fail, at, { action }, answer) {
  const use = answer.for;
  const fits =
    use !== undefined &&
    (action === undefined ||
      (["agent", "kind", "name"].every((field) => use[field] === action[field]) &&
        argsOf(action) === answer.argsHash));
  if (!fits) fail(`${at} uses an answer that was given for something else`);
}

function argsOf(action) {
  return sha256(Buffer.from(canonical(action.args))).toString("hex");
}

// ---- The statement: in-toto in a DSSE envelope, signed by the log's key.

function readStatement(files, trust, policy, fail) {
  const envelope = exact(line(textOf(files, STATEMENT)));
  const [signature, ...others] = envelope.signatures;
  const payload = fromBase64(envelope.payload);
  const log = policy.logs[0];
  if (others.length > 0 || envelope.payloadType !== PAYLOAD_TYPE) fail("the statement is damaged");
  const encoded = Buffer.concat([
    Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `),
    payload,
  ]);
  const isSigned = isSignature(log.publicKey, encoded, fromBase64(signature.sig));
  if (!isSigned || signature.keyid !== log.text) fail("the statement is not signed by the log");
  const statement = exact(utf8(payload));
  const { operator } = statement.predicate;
  if (trust.operator !== undefined && trust.operator !== operator) {
    fail("its operator is not the one you named");
  }
  return statement;
}

function checkStatement({ files, fail, statement, shows }, entries, bodies) {
  const { subject, predicate } = statement;
  if (statement._type !== "https://in-toto.io/Statement/v1") fail("it is no in-toto statement");
  if (statement.predicateType !== PREDICATE_TYPE) fail("the statement is of another kind");
  const named = new Map(subject.map(({ name, digest }) => [name, digest.sha256]));
  const names = [...files.keys()].filter((name) => name !== STATEMENT);
  for (const name of FILES) if (!names.includes(name)) fail(`${name} is missing`);
  // A statement that counts none of a kind is from before these were named.
  const [kept, ends] = [artifactsIn(entries, bodies), outputsIn(entries, bodies)];
  const isCounted = (said, found) => said === undefined || said === found.size;
  if (!isCounted(predicate.artifacts, kept) || !isCounted(predicate.outputs, ends)) {
    fail("its artifacts are not those the statement names");
  }
  const artifacts = new Map([
    ...(predicate.artifacts === undefined ? [] : kept),
    ...(predicate.outputs === undefined ? [] : ends),
  ]);
  for (const [name, digest] of artifacts) {
    if (named.get(name) !== digest) fail(`${name} is not the artifact the statement names`);
  }
  const isWhole = named.size === subject.length && named.size === names.length + artifacts.size;
  if (!isWhole) fail("its files are not those the statement names");
  for (const name of names) {
    const digest = sha256(files.get(name)).toString("hex");
    if (named.get(name) !== digest) fail(`${name} is not the file the statement names`);
  }
  const head = entries.findLast(({ run }) => run === predicate.run);
  if (head?.hash !== predicate.head) fail("the run does not end where the statement says");
  if (head?.seq !== predicate.log.index + 1) fail("the run's place in the log is another one");
  const judged = entries.filter(({ kind }) => kind === "action.judged");
  if (judged.every(({ seq }) => bodies.has(seq))) {
    const decisions = judged.map(({ step, seq }) => {
      const { verdict, reason, rank, rule } = bodies.get(seq).decision;
      return { step, verdict, reason, rank, rule };
    });
    const digest = sha256(Buffer.from(canonical(decisions))).toString("hex");
    if (digest !== predicate.decisions) fail("its decisions are not those the statement names");
  } else if (!predicate.redacted && predicate.erased === 0) {
    fail("decisions are missing that the statement says are here");
  }
  if (predicate.bodies !== bodies.size) fail("bodies are missing that the statement says are here");
  const steps = new Set(entries.flatMap(({ step }) => (step === null ? [] : [step])));
  const told = `${bodies.size} of ${entries.length} bodies disclosed`;
  shows.push(`run ${predicate.run}: ${entries.length} entries, ${steps.size} steps, ${told}`);
  for (const [name, digest] of artifacts) shows.push(`${name} sha256 ${digest}`);
}

/** What its tasks that have a title ended with, by the same name: found by its hash in what a step came to. */
function outputsIn(entries, bodies) {
  const found = new Map();
  for (const { seq, kind } of entries) {
    const { artifact, from, output } = (kind === "task.ended" ? bodies.get(seq) : null) ?? {};
    if (!artifact || !output) continue;
    for (const one of entries) {
      if (one.step !== from || one.kind !== "action.settled") continue;
      const answer = answerIn(bodies.get(one.seq)?.outcome ?? {});
      if (answer === undefined || hashOf(answer) !== output) continue;
      found.set(`artifact:${from}:${artifact.title}`, sha256(bytesOf(answer)).toString("hex"));
    }
  }
  return found;
}

/** What a step came to: of a run that was delegated to its answer alone. */
function answerIn({ status, output, child, released }) {
  if (status !== "done") return undefined;
  const isWrapped = child !== undefined && released !== true;
  const isObject = typeof output === "object" && output !== null && !Array.isArray(output);
  return isWrapped && isObject ? (output.answer ?? null) : output;
}

function hashOf(value) {
  return sha256(Buffer.from(canonical(value))).toString("hex");
}

function bytesOf(answer) {
  if (typeof answer === "string") return Buffer.from(answer);
  return Buffer.from(`${JSON.stringify(JSON.parse(canonical(answer)), null, 2)}\n`);
}

/** What its steps kept as artifacts, by the name a statement has for it. */
function artifactsIn(entries, bodies) {
  const found = new Map();
  for (const { seq, step, kind } of entries) {
    const outcome = kind === "action.settled" ? bodies.get(seq)?.outcome : undefined;
    const artifact = outcome?.status === "done" ? outcome.artifact : undefined;
    if (artifact !== undefined) found.set(`artifact:${step}:${artifact.title}`, artifact.hash);
  }
  return found;
}

// ---- Notes, keys and policies, as C2SP writes them.

function readNote(text) {
  const end = text.lastIndexOf("\n\n");
  if (end < 0 || !text.endsWith("\n")) throw new Error("a note is damaged");
  const signatures = text
    .slice(end + 2, -1)
    .split("\n")
    .map((one) => {
      const [, name, encoded] = /^\u2014 (\S+) (\S+)$/u.exec(one) ?? [];
      if (name === undefined) throw new Error("a signature is damaged");
      const bytes = fromBase64(encoded);
      return { name, id: bytes.toString("hex", 0, 4), bytes: bytes.subarray(4) };
    });
  return { text: text.slice(0, end + 1), signatures };
}

/** Null when the key did not sign the note; else when, in seconds, where it says so. */
function signedBy({ text, signatures }, key) {
  const found = signatures.find(({ name, id }) => name === key.name && id === key.id);
  if (found === undefined) return null;
  if (key.type === 1) return isSignature(key.publicKey, text, found.bytes) ? 0 : null;
  const time = found.bytes.readBigUInt64BE();
  const cosigned = `cosignature/v1\ntime ${time}\n${text}`;
  return isSignature(key.publicKey, cosigned, found.bytes.subarray(8)) ? Number(time) : null;
}

function readKey(text, type) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? [];
  const bytes = fromBase64(encoded ?? "");
  const made = sha256(Buffer.concat([Buffer.from(`${name}\n`), bytes])).toString("hex", 0, 4);
  if (bytes.length !== 33 || bytes[0] !== type || made !== id) {
    throw new Error(`${text === "" ? "no key is named: --log KEY" : `not a key: ${text}`}`);
  }
  return { text, name, id, type, publicKey: bytes.subarray(1) };
}

function readPolicy(text) {
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  for (const one of text.split("\n")) {
    const [word, name, ...rest] = one.trim().split(/[ \t]+/u);
    if (word === "" || word.startsWith("#")) continue;
    if (word === "log") policy.logs.push(readKey(name ?? "", 1));
    else if (word === "witness") policy.witnesses.set(name, readKey(rest[0] ?? "", 4));
    else if (word === "group") policy.groups.set(name, { least: rest[0], members: rest.slice(1) });
    else if (word === "quorum" && policy.quorum === null) policy.quorum = name;
    else throw new Error(`the policy has a line that is none: ${one}`);
  }
  if (policy.quorum === null || policy.logs.length === 0)
    throw new Error("the policy is not whole");
  return policy;
}

function isQuorum({ witnesses, groups }, name, signed) {
  if (name === "none") return true;
  if (witnesses.has(name)) return signed.has(name);
  const { least, members } = groups.get(name) ?? { least: "all", members: [] };
  const needed = least === "any" ? 1 : least === "all" ? members.length : Number(least);
  const has = members.filter((one) => isQuorum({ witnesses, groups }, one, signed)).length;
  return members.length > 0 && needed >= 1 && has >= needed;
}

function isSignature(publicKey, data, signature) {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const x = Buffer.from(publicKey).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, Buffer.from(data), key, signature);
}

// ---- Text and bytes, in the one form there is for each.

function textOf(files, name) {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`${name} is missing`);
  return utf8(bytes);
}

function utf8(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** The lines of a file, of which each ends with a newline; none in an empty file. */
function linesOf(files, name) {
  const text = textOf(files, name);
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Error(`${name} is cut`);
  return text.slice(0, -1).split("\n");
}

function line(text) {
  if (!text.endsWith("\n")) throw new Error("a file is cut");
  return text.slice(0, -1);
}

/** JSON that is written as RFC 8785 says. */
function exact(text) {
  const value = JSON.parse(text);
  if (canonical(value) !== text) throw new Error("a line is not in the form it was written in");
  return value;
}

function canonical(value) {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one)).join(",")}]`;
  const fields = Object.keys(value).sort();
  return `{${fields.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

function fromBase64(text) {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new Error("base64 is damaged");
  return bytes;
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest();
}

// ---- The command.

function main(args) {
  const options = {};
  const places = [];
  for (let i = 0; i < args.length; i++) {
    const [, name] = /^--(log|policy|operator)$/u.exec(args[i]) ?? [];
    if (name === undefined) places.push(args[i]);
    else options[name] = args[++i];
  }
  const [place] = places;
  if (places.length !== 1 || place.startsWith("-") || !existsSync(place)) {
    console.error(
      "node nanos-verify.mjs BUNDLE|PROOF [--log KEY] [--policy FILE] [--operator KEY]",
    );
    return 2;
  }
  const { policy: file, ...keys } = options;
  const trust = { ...keys, ...(file === undefined ? {} : { policy: readFileSync(file, "utf8") }) };
  const isBundle = statSync(place).isDirectory();
  const { ok, problems, shows } = isBundle
    ? verifyBundle(readFolder(place), trust)
    : verifyProof(readFileSync(place, "utf8"), trust);
  for (const one of problems) console.log(`broken  ${printable(one)}`);
  for (const one of shows) console.log(`        ${printable(one)}`);
  if (isBundle && ok && (trust.log === undefined || trust.operator === undefined)) {
    console.log(
      "        keys came with the bundle: compare them with what you were given elsewhere",
    );
  }
  console.log(ok ? "ok      everything that is here holds" : "broken  do not rely on it");
  return ok ? 0 : 1;
}

function readFolder(dir) {
  return new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]));
}

/** What is checked may be hostile: nothing of it moves the cursor. */
function printable(text) {
  // eslint-disable-next-line no-control-regex -- that is what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu, "?");
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  process.exitCode = main(process.argv.slice(2));
}

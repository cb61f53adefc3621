import { openSync, readSync, closeSync, fstatSync } from "node:fs";
import type { Embedded, EmbedWish, ModelConfig, ModelRequest } from "../../contracts/model.ts";
import { messageOf } from "../../std/error.ts";
import type { Json } from "../../std/json.ts";
import { LIMITS } from "../../std/limits.ts";
import type { Ended } from "../../sandbox/sandbox.ts";
import type { Adapter, Timing } from "../adapter.ts";
import type { Answer } from "../answer.ts";
import { converse, type Attempt, type Speaker } from "../converse.ts";
import { modelError, modelFailure, type ModelFailureCode } from "../failures.ts";
import { pathInside } from "../local/file.ts";
import { findEngine } from "../local/engine.ts";
import { FREE } from "../model.ts";
import { type Hearing, ModelProcess } from "../local/process.ts";
import type { Line } from "../local/wire.ts";
import { vectorsOf } from "../vectors/vectors.ts";

/**
 * A model in a GGUF file, run on this machine's processor by node-llama-cpp in a sandboxed process
 * that has neither network nor anything to write. The package is the operator's: `package` names
 * the folder it was installed in, else its program is on PATH. The names of calls and their
 * arguments are held to a grammar, so that a small model cannot get them wrong.
 *
 * @throws NanosError `model.bad_config`, `model.no_engine`, `model.bad_file`.
 */
export const openGguf: Adapter = async (name, config, deps) => {
  const bad = (detail: string): Error => modelError("model.bad_config", { model: name }, detail);
  const { sandbox } = deps;
  if (config.file === undefined) throw bad("It has no `file`.");
  const file = pathInside(config.file, deps.arrangementDir);
  if (file === null) throw bad("Its `file` lies outside the arrangement.");
  if (sandbox === undefined) throw bad("There is no sandbox to run it in.");
  const bytes = sizeOf(file);
  const engine = findEngine(name, config.package, deps.env);
  const host = new ModelProcess(sandbox, { engine, file, bytes });
  const given = { name, file, config, host, timing: deps.timing };
  const speaker: Speaker = {
    ...{ clock: deps.clock, random: deps.random, price: FREE },
    ...{ secret: null, host: name, screened: true },
    begin: (request, answer, signal) => new LocalAttempt(given, request, answer, signal),
  };
  return {
    name,
    host: null,
    price: FREE,
    takes: ["maxTokens", "temperature"],
    stream: (request, signal) => converse(speaker, request, signal),
    embed: (wish, signal) => vectorsBy(given, wish, signal),
  };
};

/** Looks whether it is such a file at all; reading it is the engine's. */
function sizeOf(file: string): number {
  const bad = (detail: string): Error => modelError("model.bad_file", { file }, detail);
  let fd: number | null = null;
  try {
    fd = openSync(file, "r");
    const head = Buffer.alloc(8);
    readSync(fd, head, 0, 8, 0);
    const known = head.toString("latin1", 0, 4) === "GGUF" && VERSIONS.has(head.readUInt32LE(4));
    if (!known) throw bad("It is in another format.");
    return fstatSync(fd).size;
  } catch (error) {
    throw error instanceof Error && "next" in error ? error : bad(messageOf(error));
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Of the format; of another the engine makes what it can, which takes it minutes. */
const VERSIONS = new Set([2, 3]);

interface Given {
  readonly name: string;
  readonly file: string;
  readonly config: ModelConfig;
  readonly host: ModelProcess;
  readonly timing: Timing | undefined;
}

/** One request to the model's process. */
class LocalAttempt implements Attempt {
  readonly #given: Given;
  readonly #answer: Answer;
  readonly #hearing: Hearing;
  #timer: NodeJS.Timeout;
  #calls = 0;

  constructor(given: Given, request: ModelRequest, answer: Answer, signal: AbortSignal) {
    const { config, file, host, timing } = given;
    this.#given = given;
    this.#answer = answer;
    const maxTokens = request.maxTokens ?? config.maxTokens;
    const { system, messages, tools, choice } = request;
    this.#hearing = host.ask(
      {
        ask: {
          ...{ file, system, messages, tools },
          ...(choice !== undefined && { choice }),
          context: request.context ?? config.context ?? LIMITS.contextTokens,
          ...(maxTokens !== undefined && { maxTokens }),
          temperature: request.temperature ?? config.temperature ?? 0,
        },
      },
      signal,
    );
    this.#timer = this.#wait(timing?.firstMs ?? LIMITS.modelFirstMs);
  }

  async pull(): Promise<boolean> {
    const heard = await this.#hearing.next();
    clearTimeout(this.#timer);
    if (heard === null || this.#answer.failure !== null) return false;
    if ("code" in heard && "message" in heard) this.#answer.fail(heard);
    else if ("kind" in heard) this.#fail(...endedBy(heard));
    else return this.#take(heard);
    return false;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#hearing.leave();
  }

  #take(line: Line): boolean {
    this.#timer = this.#wait(this.#given.timing?.idleMs ?? LIMITS.modelIdleMs);
    const answer = this.#answer;
    if ("vector" in line) return true; // Nobody asked for one.
    if ("text" in line) answer.text(line.text);
    else if ("thinking" in line) answer.thinking(line.thinking);
    else if ("call" in line) {
      this.#calls += 1;
      answer.call(this.#calls, line.call, "");
      answer.args(this.#calls, JSON.stringify(line.args));
    } else if ("failed" in line) {
      this.#fail(line.failed, line.why);
    } else {
      answer.finish(line.done);
      if (line.output > 0) answer.usage(line);
      answer.complete = true;
    }
    return !("done" in line || "failed" in line);
  }

  #wait(ms: number): NodeJS.Timeout {
    clearTimeout(this.#timer);
    return setTimeout(() => {
      const { name, host } = this.#given;
      const facts = { host: name, seconds: Math.round(ms / 1000) };
      this.#answer.fail(modelFailure("model.silent", facts));
      host.stop();
    }, ms);
  }

  #fail(code: ModelFailureCode, detail = ""): void {
    const { name, file } = this.#given;
    this.#answer.fail(modelFailure(code, { model: name, host: name, file }, detail));
  }
}

/** Vectors of the same process, with the silences and failures an answer has. */
async function vectorsBy(
  { name, file, config, host, timing }: Given,
  wish: EmbedWish,
  signal: AbortSignal,
): Promise<Embedded> {
  if (signal.aborted) return { kind: "cancelled" };
  let waits = timing?.firstMs ?? LIMITS.modelFirstMs;
  let isSilent = false;
  const facts = { model: name, host: name, file };
  const failed = (code: ModelFailureCode, detail = ""): Embedded => {
    const seconds = Math.round(waits / 1000);
    const [what, why] = isSilent ? (["model.silent", ""] as const) : [code, detail];
    return { kind: "failed", failure: modelFailure(what, { ...facts, seconds }, why) };
  };
  const context = config.context ?? LIMITS.contextTokens;
  const hearing = host.ask({ embed: { file, context, inputs: wish.inputs } }, signal);
  const vectors: Json[] = [];
  try {
    for (;;) {
      const timer = setTimeout(() => {
        isSilent = true;
        host.stop();
      }, waits);
      const heard = await hearing.next();
      clearTimeout(timer);
      if (heard === null) return { kind: "cancelled" };
      if ("message" in heard) return { kind: "failed", failure: heard };
      if ("kind" in heard) return failed(...endedBy(heard));
      if ("failed" in heard) return failed(heard.failed, heard.why);
      if ("vector" in heard) vectors.push([...heard.vector]);
      if ("done" in heard) {
        const usage = { input: heard.input, output: 0, cost: 0 };
        return vectorsOf(vectors, wish, { facts, usage });
      }
      waits = timing?.idleMs ?? LIMITS.modelIdleMs;
    }
  } finally {
    hearing.leave();
  }
}

/** What became of the process, as what went wrong. */
function endedBy(ended: Ended): [ModelFailureCode, string] {
  if (ended.kind === "stopped" && ended.by === "memory") return ["model.too_large", ""];
  if (ended.kind === "stopped") return ["model.cut", ""];
  const how = ended.kind === "exited" ? `code ${ended.code}` : ended.signal;
  return ["model.bad_engine", `Its process ended with ${how}.`];
}

import type { AgentOffer } from "../../contracts/agent.ts";
import type { ApplyOffer } from "../../contracts/portable.ts";
import type { Found, Nanos, RunHandle, RunHooks, RunRequest } from "../../contracts/nanos.ts";
import type { Question, Suggestion } from "../../contracts/question.ts";
import type { Ask } from "../../contracts/run.ts";
import type { House } from "../command.ts";
import { NanosError } from "../../std/error.ts";
import { EVIDENCE, VERIFIED } from "./evidence.ts";
import { MEMORIES } from "./memories.ts";
import {
  action,
  AGENTS,
  answerFor,
  ARRANGEMENT,
  canAnswer,
  OFFER,
  questionFor,
  SECRETS,
  SIMULATION,
  SKILL,
  STATUS,
  suggestionFor,
  TOOLS,
  TRUST,
} from "./samples.ts";
import { type Beat, Played } from "./scripted-run.ts";
import {
  NO_MODEL_ASKED,
  LOGGED_IN,
  EMPTY_VAULT,
  NO_COGNITION,
  NO_ENGINES,
  NO_KEYS,
  NO_MISSIONS,
  NO_SCHEDULES,
  NO_TRAITS,
  unscripted,
} from "./unscripted.ts";

/** What a scripted house holds and does. */
export interface Script {
  readonly home: string;
  /** `/w` where nothing is said. */
  readonly workspace?: string;
  /** Request text to what happens; `*` for any other. */
  readonly plays: Readonly<Record<string, readonly Beat[]>>;
  readonly found?: Found;
  /** Agents on PATH. */
  readonly agents?: readonly AgentOffer[];
  /** What a rehearsal would ask. */
  readonly plan?: readonly Question[];
  /** Rank of what is asked about. */
  readonly rank?: Question["rank"];
  readonly suggestions?: readonly Suggestion[];
  readonly fails?: Readonly<Record<string, NanosError>>;
}

function offered({ agents = [] }: Script): AgentOffer {
  const [first] = agents;
  if (first) return first;
  throw new NanosError("agent.no_program", "There is no such program.", "Install it.");
}

/** What was done to the house, for a test to look at. */
export interface Calls {
  readonly log: string[];
}

/** A whole house in memory that plays a script: for surfaces, whose subject is what they show. */
export function scriptedHouse(script: Script, calls: Calls = { log: [] }): House {
  let found: Found = script.found ?? { kind: "ready", arrangementDir: "/a", workspace: "/w" };
  const nanos = scriptedNanos(script, calls);
  return {
    verifierText: () => "// the verifier\n",
    troubleshooting: () => "| `run.denied` | It was not let. | See why. | kernel |\n",
    openNanos: async () => {
      calls.log.push("open");
      return nanos;
    },
    look: async () => found,
    init: async (_options, from, dir) => {
      calls.log.push(`init ${from}${dir === undefined ? "" : ` ${dir}`}`);
      if (found.kind === "empty") found = { kind: "ready", arrangementDir: "/a", workspace: "/w" };
      return {
        dir: dir ?? "/home/.nano-os",
        workspace: "/w",
        files: ["/home/.nano-os/arrangement.yaml"],
      };
    },
    trustView: async () => TRUST,
    exportTo: async (_options, dir) => ({ dir, files: [], left: [], needs: NO_NEEDS }),
    offer: async (_options, from) => ({ ...TAKEOVER, from }),
    offerImport: async (_options, { from, plugin }) =>
      from === "market" && plugin === undefined
        ? { format: "claude-marketplace", plugins: PLUGINS }
        : { ...TAKEOVER, from, format: "nexusmon", left: [] },
    apply: async (_options, { dir }) => {
      calls.log.push(`apply ${dir}`);
      return { dir, files: [], kept: null };
    },
    check: async (path) => ({ path, kind: "agent", ok: true, problems: [], warnings: [] }),
    trust: async (_options, view) => {
      calls.log.push(`trust ${view.hash}`);
      found = { kind: "ready", arrangementDir: view.dir, workspace: "/w" };
    },
  };
}

const NO_NEEDS = { secrets: [], env: [] };

const PLUGINS = [
  { name: "tone", about: "Kind words.", here: true },
  { name: "far", about: "", here: false },
];

const TAKEOVER: ApplyOffer = {
  ...{ from: "", name: "small", dir: "/a", fresh: true, hash: "h" },
  reach: [{ about: "scope", sign: "+", says: "tools may reach h:1", standing: true }],
  files: [{ path: "arrangement.yaml", state: "new", lines: [], more: 0 }],
  ...{ needs: NO_NEEDS, findings: [], more: 0 },
};

function scriptedNanos(script: Script, calls: Calls): Nanos {
  const runs = new Map<string, Played>();
  const fail = (name: string): void => {
    const error = script.fails?.[name];
    if (error !== undefined) throw error;
  };
  const start = (request: RunRequest, hooks: RunHooks): RunHandle => {
    fail("run");
    const does = request.rehearsal === true ? "rehearse" : "run";
    const using = request.approvals?.length ? ` with ${request.approvals.join(" ")}` : "";
    calls.log.push(`${does} ${request.agent ?? "oracle"}: ${request.text}${using}`);
    const run = `r${String(runs.size + 1).padStart(15, "0")}`;
    const played = new Played(
      run,
      request.text,
      script.plays[request.text] ?? script.plays["*"] ?? [],
    );
    runs.set(run, played);
    return played.start(hooks);
  };
  const find = (run: string): Played => {
    const played = runs.get(run);
    if (played !== undefined) return played;
    throw new NanosError(
      "run.not_found",
      `There is no run ${run}.`,
      "nanos trace list shows them.",
    );
  };
  const open = (): readonly Ask[] => [...runs.values()].flatMap((played) => played.asks());
  return {
    place: {
      home: script.home,
      workspace: script.workspace ?? "/w",
      arrangementDir: "/a",
      tier: "landlock",
    },
    run: async (request) => start(request, request),
    ...{ server: {}, vitals: () => ({ starts: 0, lagMs: 0 }), status: async () => STATUS },
    renew: async () => [],
    traits: { ...NO_TRAITS, list: async () => STATUS.traits },
    missions: NO_MISSIONS,
    engines: NO_ENGINES,
    schedules: NO_SCHEDULES,
    watch: async () => undefined,
    events: { list: async () => [], watch: async () => undefined },
    commands: [{ name: "today", skill: "notes", description: "today's note" }],
    resume: async (run, hooks) => find(run).start(hooks ?? {}),
    ...{ vault: EMPTY_VAULT, keys: NO_KEYS, cognition: NO_COGNITION },
    undo: {
      plan: (of) => ({ of, files: [], changes: [], outward: [] }),
      run: async (of, hooks) => find(of).start(hooks ?? {}),
    },
    fork: async ({ run, at, ...hooks }) => {
      calls.log.push(`fork ${run} ${at}`);
      return find(run).start(hooks);
    },
    cancel: async (run) => void calls.log.push(`cancel ${run}`),
    evidence: EVIDENCE,
    traces: {
      list: () => [...runs.values()].toReversed().map((played) => played.line()),
      show: (run) => find(run).trace(),
      line: (run) => runs.get(run)?.line() ?? null,
      events: (run) => find(run).recorded,
      ...{ newest: () => 0, since: () => [] },
      ...{ verify: () => VERIFIED, verified: () => VERIFIED },
      diff: unscripted,
      replay: async () => ({ ok: true, events: 12, steps: 3, differs: null }),
      export: async () => 12,
      patch: (run) => {
        const { request, agent, model } = find(run).trace();
        return {
          ...{ run, agent, model, request, outcome: "failed", summary: "Half of it.", turns: 2 },
          ...{ from: "/w", commit: "c0ffee", files: [{ path: "a.ts", kind: "modified" }] },
          ...{
            patch: "--- a/a.ts\n",
            mail: "From 0\n",
            failure: { code: "run.cut", message: "Cut.", next: "Again." },
          },
          calls: [{ step: `${run}.2`, name: "t", args: { a: 1 }, status: "failed", says: "no" }],
        };
      },
      why: (step) => {
        const found = [...runs.values()]
          .flatMap((one) => one.trace().steps)
          .find((one) => one.step === step);
        if (found === undefined)
          throw new NanosError(
            "step.not_found",
            `There is no step ${step}.`,
            "nanos trace show RUN lists them.",
          );
        return { ...found, explanation: ["scope says allow: it is declared"], line: null };
      },
    },
    approvals: {
      list: open,
      show: (id) => {
        const ask = open().find((one) => one.id === id);
        if (ask === undefined)
          throw new NanosError(
            "approval.not_found",
            `There is no ask ${id}.`,
            "nanos approvals list shows them.",
          );
        const asked = [...runs.values()].find((one) => one.asks().includes(ask))?.asked();
        const question = questionFor(asked ?? action({ name: ask.name }), script.rank);
        return { ...ask, action: question.args, question };
      },
      answer: async (id, reply) => {
        calls.log.push(`answer ${id} ${reply.verdict} ${reply.reach}`);
        for (const played of runs.values()) played.answered.set(id, reply.verdict);
        return {
          id,
          ...reply,
          argsHash: "",
          by: "operator@test",
          at: 0,
          expires: 0,
          signature: "",
        };
      },
      revoke: async (id) => void calls.log.push(`revoke ${id}`),
      plan: (run) => ({ run, asks: script.plan ?? [], withheld: 1 }),
      give: async (questions) => {
        calls.log.push(`give ${questions.map(({ name }) => name).join(" ")}`);
        return questions.map((one, i) => answerFor(one, `p${i + 1}`));
      },
      given: () => (script.plan ?? []).map((one, i) => answerFor(one, `p${i + 1}`)),
      refusal: () => null,
    },
    tools: {
      list: async () => TOOLS,
      show: async (name) => {
        const tool = TOOLS.find((one) => one.name === name);
        if (tool === undefined)
          throw new NanosError(
            "tool.not_found",
            `There is no tool ${name}.`,
            "nanos tool list shows them.",
          );
        return {
          ...tool,
          manifest: {
            name,
            description: tool.description,
            input: { type: "object" },
            scopes: [...tool.scopes],
            repeatable: true,
            probe: false,
          },
        };
      },
      call: async (name, args, hooks = {}) =>
        start({ ...hooks, text: `tool ${name} ${JSON.stringify(args)}` }, hooks),
    },
    agents: {
      list: () => AGENTS,
      show: (name) => {
        const agent = AGENTS.find(({ manifest }) => manifest.name === name);
        if (agent === undefined)
          throw new NanosError(
            "agent.not_found",
            `There is no agent ${name}.`,
            "nanos agent list shows them.",
          );
        return agent;
      },
      ...{ kept: () => 0, clear: () => undefined, found: () => script.agents ?? [] },
      wrap: () => offered(script),
      draft: () => offered(script),
      add: async ({ name }) => {
        calls.log.push(`agent add ${name}`);
        return true;
      },
      test: async (name) => ({ agent: name, model: "recorded answers", cases: [] }),
      remove: async (name) => void calls.log.push(`agent rm ${name}`),
    },
    models: {
      list: () => [
        { name: "rules", config: { adapter: "rules" }, from: "built-in", inUse: true, card: null },
      ],
      ...NO_MODEL_ASKED,
      add: async (name, config) => void calls.log.push(`add ${name} ${JSON.stringify(config)}`),
      use: async (name) => void calls.log.push(`use ${name}`),
      rm: async (name) => void calls.log.push(`rm ${name}`),
      probe: async (name, { context, on } = {}) => {
        calls.log.push(`probe ${name} ${context ?? ""}`.trim());
        on?.("calling a tool");
        return { tools: true, parallel: false, json: true, context: 8_000, speed: 42.5 };
      },
    },
    grants: {
      list: () => [],
      add: async (skill, { net, until } = {}) => {
        calls.log.push(
          `grant ${skill} ${(net ?? []).join(",")} ${until === undefined ? "" : "until"}`.trim(),
        );
        return { skill, scopes: (net ?? []).map((host) => `net:${host}`), hash: null, at: 0 };
      },
      revoke: async (skill) => skill === "web",
    },
    secrets: {
      list: async () => SECRETS,
      set: async (name, value, { hosts = [], keep = "file" } = {}) => {
        calls.log.push(`secret ${name} ${value} ${hosts.join(",")} ${keep}`);
        return { name, hosts, kept: keep, at: 0, used: null };
      },
      rm: async (name) => void calls.log.push(`forget ${name}`),
      logIn: LOGGED_IN,
      unlock: async () => undefined,
      redact: (text) => text,
    },
    skills: {
      list: async () => [SKILL],
      show: async (name) => ({ ...SKILL, name }),
      preview: async (name) => ({ ...SKILL, name }),
      attach: async (skill, agent) => {
        calls.log.push(`attach ${skill} ${agent}`);
        return { skill, scopes: [], hash: null, at: 0 };
      },
      detach: async (skill, agent) => void calls.log.push(`detach ${skill} ${agent}`),
      offer: async (from) => ({ ...OFFER, from }),
      install: async ({ name }, options) =>
        void calls.log.push(`install ${name}${options?.anyway ? " anyway" : ""}`),
      remove: async (name) => `/home/removed/${name}`,
      test: async () => [{ file: "tests/a.yaml", failures: [] }],
      check: async (name) => ({
        ...{ name, hash: "h", state: "as installed", from: "/s", findings: [], more: 0 },
      }),
    },
    memory: MEMORIES,
    rules: rulesOf(script),
    can: async (agent, tool, args) => canAnswer(agent, tool, args),
    project: unscripted,
    arrangement: ARRANGEMENT,
    doctor: async (probe) => [
      { name: "sandbox", state: "ok", says: probe ? "55 of 55 escapes blocked" : "landlock" },
      { name: "bwrap", state: "warn", says: "not installed", next: "apt install bubblewrap" },
    ],
    context: async (run) => ({
      ...{ run: run ?? null, model: "rules", window: 1_000 },
      parts: [
        { what: "tools of notes", tokens: 300 },
        { what: "prompt of oracle", tokens: 500 },
      ],
      left: run === undefined ? 0 : 4,
      tools: { offered: ["notes_read"], of: 1 },
    }),
    close: async () => void calls.log.push("close"),
  };
}

function rulesOf(script: Script): Nanos["rules"] {
  return {
    ...{ policy: () => "", suggest: () => script.suggestions ?? [] },
    never: (id) => suggestionFor(id),
    test: async (file, cases) => ({
      ok: cases === undefined,
      rules: 2,
      cases: cases === undefined ? 0 : 1,
      problems: cases === undefined ? [] : [{ id: "case 1", sentence: `${file} is wrong.` }],
    }),
    simulate: async () => SIMULATION,
  };
}

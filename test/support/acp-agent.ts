/**
 * An agent that speaks the Agent Client Protocol through its own library and does what its prompt
 * says, line by line, also what no agent should. Started as a program of its own, never imported.
 */
import * as acp from "@agentclientprotocol/sdk";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Readable, Writable } from "node:stream";

interface Turn {
  readonly client: acp.AgentContext;
  readonly sessionId: string;
  readonly cwd: string;
  readonly cancelled: AbortSignal;
  say(text: string): Promise<void>;
}

/** What each line of a prompt does; what it gives back is said. */
const DOES: Readonly<Record<string, (turn: Turn, rest: string) => Promise<string>>> = {
  say: async (_, text) => text,
  who: async () => ME,
  /** Ends once it has answered. */
  leave: async () => {
    setTimeout(() => process.exit(0), 20);
    return "bye";
  },
  /** Why it fails in words beside the error's own. */
  broken: async () => {
    throw new acp.RequestError(-32603, "Internal error", { details: "no such model" });
  },
  /** `until PATH`: goes on once there is such a file. */
  until: async ({ cwd }, path) => {
    while (!existsSync(`${cwd}/${path}`)) await new Promise((go) => setTimeout(go, 20));
    return `${path} is there`;
  },
  /** `permit KIND PATH`: asks leave. */
  permit: async ({ client, sessionId, cwd }, rest) => {
    const [kind = "other", path] = rest.split(" ");
    const { outcome } = await client.request(acp.methods.client.session.requestPermission, {
      sessionId,
      toolCall: {
        toolCallId: "t1",
        title: `Would ${rest}`,
        kind: kind as acp.ToolKind,
        rawInput: { command: rest },
        ...(path ? { locations: [{ path: path.startsWith("/") ? path : `${cwd}/${path}` }] } : {}),
      },
      options: [
        { optionId: "always", name: "Always", kind: "allow_always" },
        { optionId: "yes", name: "Yes", kind: "allow_once" },
        { optionId: "no", name: "No", kind: "reject_once" },
      ],
    });
    return outcome.outcome === "selected" ? `chosen ${outcome.optionId}` : "cancelled";
  },
  /** `write PATH TEXT`: has it written. */
  write: async ({ client, sessionId, cwd }, rest) => {
    const [path = "", ...words] = rest.split(" ");
    const params = {
      sessionId,
      path: path.startsWith("/") ? path : `${cwd}/${path}`,
      content: words.join(" "),
    };
    return client
      .request(acp.methods.client.fs.writeTextFile, params)
      .then(() => "written", refusal);
  },
  read: async ({ client, sessionId, cwd }, path) => {
    const params = { sessionId, path: path.startsWith("/") ? path : `${cwd}/${path}` };
    return client
      .request(acp.methods.client.fs.readTextFile, params)
      .then((got) => (got as { content: string }).content, refusal);
  },
  /** `hand PATH TEXT`: writes with its own hands. */
  hand: async ({ cwd }, rest) => {
    const [path = "", ...words] = rest.split(" ");
    try {
      appendFileSync(path.startsWith("/") ? path : `${cwd}/${path}`, words.join(" "));
      return "done";
    } catch (error) {
      return String(error);
    }
  },
  link: async ({ cwd }, rest) => {
    const [path = "", to = ""] = rest.split(" ");
    mkdirSync(cwd, { recursive: true });
    symlinkSync(to, `${cwd}/${path}`);
    return "linked";
  },
  unlink: async ({ cwd }, path) => {
    rmSync(`${cwd}/${path}`);
    return "";
  },
  /** `terminal PROGRAM ARGS`: has it run, and says how it ended and what it printed. */
  terminal: async (turn, rest) => {
    const id = await create(turn, rest);
    if (id.startsWith("refused")) return id;
    const { client, sessionId } = turn;
    const at = { sessionId, terminalId: id };
    const { exitCode, signal } = await asked<Exit>(turn, M.waitForExit, at);
    const { output, truncated } = await asked<Printed>(turn, M.output, at);
    await client.request(M.release, at);
    const gone = await client.request(M.output, at).then(() => "still there", refusal);
    const how = `${exitCode ?? signal}${truncated ? " cut" : ""}`;
    return `${how}, ${gone.slice(0, 7)}: ${output.trim().slice(-200).replaceAll("\n", "|")} (${output.length})`;
  },
  /** `limited N PROGRAM ARGS`: the same of at most so many bytes. */
  limited: async (turn, rest) => {
    const [limit = "", ...words] = rest.split(" ");
    const terminalId = await create(turn, words.join(" "), { outputByteLimit: Number(limit) });
    const at = { sessionId: turn.sessionId, terminalId };
    await asked(turn, M.waitForExit, at);
    const { output, truncated } = await asked<Printed>(turn, M.output, at);
    return `${output} ${truncated}`;
  },
  open: async (turn, rest) => create(turn, rest),
  /** `killed PROGRAM ARGS`: ends it, and says what it is told of that. */
  killed: async (turn, rest) => {
    const at = { sessionId: turn.sessionId, terminalId: await create(turn, rest) };
    await asked(turn, M.kill, at);
    const { exitStatus } = await asked<Printed>(turn, M.output, at);
    return `killed ${exitStatus?.signal}`;
  },
  /** `peek SESSION ID`: asks after a terminal that may be another's. */
  peek: async ({ client }, rest) => {
    const [session = "", terminalId = ""] = rest.split(" ");
    return client.request(M.output, { sessionId: session, terminalId }).then(() => "seen", refusal);
  },
  /** `strange SESSION NAME=VALUE PROGRAM`: in another session, or with a variable. */
  strange: async (turn, rest) => {
    const [sessionId = "", pair = "", ...words] = rest.split(" ");
    const [name = "", value = ""] = pair.split("=");
    return create(turn, words.join(" "), { sessionId, env: [{ name, value }] });
  },
  line: async ({ client, sessionId }, command) =>
    client.request(M.create, { sessionId, command }).then(() => "opened", refusal),
  step: async ({ client, sessionId }, title) => {
    const common = { toolCallId: title, sessionUpdate: "tool_call" } as const;
    await update(client, sessionId, { ...common, title, kind: "execute", status: "in_progress" });
    await update(client, sessionId, {
      toolCallId: title,
      sessionUpdate: "tool_call_update",
      status: "completed",
    });
    return "";
  },
  think: async ({ client, sessionId }, text) => {
    await update(client, sessionId, {
      sessionUpdate: "agent_thought_chunk",
      content: { type: "text", text },
    });
    return "";
  },
  cost: async ({ client, sessionId }, amount) => {
    const cost = { amount: Number(amount), currency: "USD" };
    await update(client, sessionId, {
      sessionUpdate: "usage_update",
      used: 1200,
      size: 200_000,
      cost,
    });
    return "";
  },
  /** What it was told in this session, turn by turn. */
  recall: async ({ cwd, sessionId }) => told(cwd, sessionId).join(" // "),
  end: async (_, reason) => reason,
  wait: ({ cancelled }) =>
    new Promise((resolve) => cancelled.addEventListener("abort", () => resolve("cancelled"))),
  /** `hold TEXT`: says it and then waits, all in one line. */
  hold: async ({ cancelled, say }, text) => {
    await say(text);
    return new Promise((resolve) =>
      cancelled.addEventListener("abort", () => resolve("cancelled")),
    );
  },
  deaf: () => new Promise(() => setInterval(() => undefined, 1_000)),
  die: async () => process.exit(7),
  noise: async () => {
    for (let n = 0; n < 500; n++) console.log("not a message");
    return "noisy";
  },
  flood: async ({ say }) => {
    for (let n = 0; n < 1_000; n++) await say("x".repeat(200_000));
    return "flooded";
  },
  answer: async () => {
    console.log(JSON.stringify({ jsonrpc: "2.0", id: 99, result: {} }));
    return new Promise(() => undefined);
  },
};

type Exit = acp.WaitForTerminalExitResponse;
type Printed = acp.TerminalOutputResponse;

const asked = async <T>({ client }: Turn, method: string, params: object): Promise<T> =>
  (await client.request(method, params)) as T;

const M = acp.methods.client.terminal;

const create = (
  { client, sessionId, cwd }: Turn,
  rest: string,
  more: Partial<acp.CreateTerminalRequest> = {},
): Promise<string> => {
  const [command = "", ...args] = rest.split(" ");
  return client
    .request(M.create, { sessionId, command, args, cwd, ...more })
    .then(({ terminalId }) => terminalId, refusal);
};

const refusal = (error: unknown): string =>
  `refused: ${error instanceof Error ? error.message : "?"}`;

function update(
  client: acp.AgentContext,
  sessionId: string,
  one: acp.SessionUpdate,
): Promise<void> {
  return client.notify(acp.methods.client.session.update, { sessionId, update: one });
}

const STOPS: readonly string[] = [
  "end_turn",
  "max_tokens",
  "max_turn_requests",
  "refusal",
  "cancelled",
];
const cancels = new Map<string, AbortController>();
const places = new Map<string, string>();

/** It keeps what it was told beside its work; `loads` and `resumes` are how it takes that up. */
const kept = (cwd: string, id: string): string =>
  `${cwd}/.told-${id.replaceAll(/\W/gu, "").slice(0, 20)}`;
const told = (cwd: string, id: string): string[] =>
  existsSync(kept(cwd, id)) ? (JSON.parse(readFileSync(kept(cwd, id), "utf8")) as string[]) : [];
const [, , how = ""] = process.argv;
/** Tells one process of it from another: when it started. */
const ME = readFileSync("/proc/self/stat", "utf8").split(" ")[21] ?? "";

const takesUp = /^(?:loads|resumes)/u.test(how);
const NAMES: Readonly<Record<string, string>> = { strange: "s\u001b[2J", long: "s".repeat(500) };
const newName = NAMES[how.split("-")[1] ?? ""] ?? "s1";

function takeUp(sessionId: string, cwd: string): void {
  if (!existsSync(kept(cwd, sessionId))) throw acp.RequestError.invalidParams();
  places.set(sessionId, cwd);
}

acp
  .agent({ name: "test" })
  .onRequest(acp.methods.agent.initialize, () => ({
    protocolVersion: process.argv[2] === "old" ? 0 : acp.PROTOCOL_VERSION,
    agentCapabilities: {
      loadSession: how.startsWith("loads"),
      ...(how.startsWith("resumes") && { sessionCapabilities: { resume: {} } }),
    },
  }))
  .onRequest(acp.methods.agent.session.new, ({ params }) => {
    if (process.argv[2] === "locked") throw acp.RequestError.authRequired();
    places.set(newName, params.cwd);
    return { sessionId: newName };
  })
  .onRequest(acp.methods.agent.session.resume, ({ params }) => {
    takeUp(params.sessionId, params.cwd);
    return {};
  })
  .onRequest(acp.methods.agent.session.load, async ({ params, client }) => {
    takeUp(params.sessionId, params.cwd);
    // As the protocol has it, what was said comes all over again.
    for (const text of told(params.cwd, params.sessionId)) {
      const content = { type: "text", text: `OLD ${text}` } as const;
      await update(client, params.sessionId, { sessionUpdate: "agent_message_chunk", content });
    }
    return {};
  })
  .onNotification(acp.methods.agent.session.cancel, ({ params }) =>
    cancels.get(params.sessionId)?.abort(),
  )
  .onRequest(
    acp.methods.agent.session.prompt,
    async ({ params: { sessionId, prompt }, client }) => {
      const stop = new AbortController();
      cancels.set(sessionId, stop);
      const say = (text: string): Promise<void> =>
        update(client, sessionId, {
          sessionUpdate: "agent_message_chunk",
          content: { type: "text", text },
        });
      const turn: Turn = {
        client,
        sessionId,
        cwd: places.get(sessionId) ?? "/",
        cancelled: stop.signal,
        say,
      };
      const asked = prompt.map((one) => (one.type === "text" ? one.text : "")).join("\n");
      if (takesUp) {
        const all = [...told(turn.cwd, sessionId), asked];
        writeFileSync(kept(turn.cwd, sessionId), JSON.stringify(all));
      }
      const lines = asked.split("\n");
      for (const line of lines) {
        const [word = "", ...rest] = line.split(" ");
        const did = await DOES[word]?.(turn, rest.join(" "));
        if (did === undefined || did === "") continue;
        if (STOPS.includes(did)) return { stopReason: did as acp.StopReason };
        await say(`${did}\n`);
      }
      return { stopReason: "end_turn" };
    },
  )
  .connect(
    acp.ndJsonStream(
      Writable.toWeb(process.stdout) as WritableStream<Uint8Array>,
      Readable.toWeb(process.stdin) as unknown as ReadableStream<Uint8Array>,
    ),
  );

import { type Command } from "./command.ts";
import type { Menu } from "./parse.ts";

/** A command's name, the other names it answers to, and its file, which is loaded when needed. */
interface Entry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly load: () => Promise<{ readonly command: Command }>;
}

/**
 * Every command, in the order `nanos --help` shows them. Adding one is adding its file in
 * `commands/` and its line here.
 */
export const COMMANDS: readonly Entry[] = [
  { name: "session", load: () => import("./commands/session.ts") },
  { name: "run", load: () => import("./commands/run.ts") },
  { name: "resume", load: () => import("./commands/resume.ts") },
  { name: "cancel", load: () => import("./commands/cancel.ts") },
  { name: "mission", aliases: ["missions"], load: () => import("./commands/mission.ts") },
  { name: "plan", aliases: ["plans"], load: () => import("./commands/plan.ts") },
  { name: "init", load: () => import("./commands/init.ts") },
  { name: "apply", load: () => import("./commands/apply.ts") },
  { name: "import", load: () => import("./commands/import.ts") },
  { name: "export", load: () => import("./commands/export.ts") },
  { name: "check", load: () => import("./commands/check.ts") },
  { name: "trust", load: () => import("./commands/trust.ts") },
  { name: "show", load: () => import("./commands/show.ts") },
  { name: "agent", aliases: ["agents"], load: () => import("./commands/agent.ts") },
  { name: "skill", aliases: ["skills"], load: () => import("./commands/skill.ts") },
  { name: "tool", aliases: ["tools"], load: () => import("./commands/tool.ts") },
  { name: "model", aliases: ["models"], load: () => import("./commands/model.ts") },
  { name: "grant", aliases: ["grants"], load: () => import("./commands/grant.ts") },
  { name: "secret", aliases: ["secrets"], load: () => import("./commands/secret.ts") },
  { name: "key", aliases: ["keys"], load: () => import("./commands/key.ts") },
  { name: "memory", aliases: ["memories"], load: () => import("./commands/memory.ts") },
  { name: "approvals", aliases: ["approval"], load: () => import("./commands/approvals.ts") },
  { name: "trace", aliases: ["traces"], load: () => import("./commands/trace.ts") },
  { name: "witness", aliases: ["witnesses"], load: () => import("./commands/witness.ts") },
  { name: "patch", load: () => import("./commands/patch.ts") },
  { name: "why", load: () => import("./commands/why.ts") },
  { name: "context", load: () => import("./commands/context.ts") },
  { name: "can", load: () => import("./commands/can.ts") },
  { name: "rules", aliases: ["rule"], load: () => import("./commands/rules.ts") },
  { name: "serve", load: () => import("./commands/serve.ts") },
  { name: "watch", load: () => import("./commands/watch.ts") },
  { name: "acp", load: () => import("./commands/acp.ts") },
  { name: "mcp", load: () => import("./commands/mcp.ts") },
  { name: "schedule", aliases: ["schedules"], load: () => import("./commands/schedule.ts") },
  { name: "vault", load: () => import("./commands/vault.ts") },
  { name: "undo", load: () => import("./commands/undo.ts") },
  { name: "engine", aliases: ["engines"], load: () => import("./commands/engine.ts") },
  { name: "trait", aliases: ["traits"], load: () => import("./commands/trait.ts") },
  { name: "cognition", load: () => import("./commands/cognition.ts") },
  { name: "status", load: () => import("./commands/status.ts") },
  { name: "doctor", load: () => import("./commands/doctor.ts") },
  { name: "completion", load: () => import("./commands/completion.ts") },
  { name: "chat", load: () => import("./commands/chat.ts") },
  { name: "health", load: () => import("./commands/health.ts") },
];

/** The commands as the parser sees them. */
export const MENU: Menu = {
  names: COMMANDS.map(({ name }) => name),
  none: "session",
  find: (word) =>
    COMMANDS.find(({ name, aliases }) => name === word || aliases?.includes(word))?.name,
  load: async (name) => {
    const entry = COMMANDS.find((one) => one.name === name);
    if (entry === undefined) throw new Error(`bug: no command ${name}`);
    const { command } = await entry.load();
    return entry.aliases === undefined ? command : { ...command, aliases: entry.aliases };
  },
};

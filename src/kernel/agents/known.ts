import type { Scope } from "../../contracts/scope-parts.ts";

/** An agent people have, as its makers say it is started without a screen. */
export interface KnownAgent {
  readonly program: string;
  readonly about: string;
  readonly kind: "process" | "acp";
  readonly command: readonly string[];
  /** Where it thinks; absent where its own settings decide. */
  readonly net?: readonly Scope[];
  /** What it reads of its own: its settings, and where it is signed in. */
  readonly reads: readonly Scope[];
  /** Variables its key may lie in. */
  readonly env: readonly string[];
}

/** Most that can speak a protocol do; the others read the request and print an answer. */
export const KNOWN_AGENTS: readonly KnownAgent[] = [
  {
    program: "claude",
    about: "Claude Code: reads, writes and runs code in the workspace.",
    kind: "process",
    command: ["claude", "-p"],
    net: ["net:api.anthropic.com:443"],
    reads: ["read:~/.claude", "read:~/.claude.json"],
    env: ["ANTHROPIC_API_KEY"],
  },
  {
    program: "codex",
    about: "Codex: reads, writes and runs code in the workspace.",
    kind: "process",
    command: ["codex", "exec", "--skip-git-repo-check", "-"],
    net: ["net:api.openai.com:443", "net:chatgpt.com:443"],
    reads: ["read:~/.codex"],
    env: ["CODEX_API_KEY"],
  },
  {
    program: "gemini",
    about: "Gemini CLI: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["gemini", "--acp"],
    net: ["net:generativelanguage.googleapis.com:443", "net:cloudcode-pa.googleapis.com:443"],
    reads: ["read:~/.gemini"],
    env: ["GEMINI_API_KEY"],
  },
  {
    program: "goose",
    about: "goose: works in the workspace with its own extensions.",
    kind: "acp",
    command: ["goose", "acp"],
    reads: ["read:~/.config/goose"],
    env: [],
  },
  {
    program: "opencode",
    about: "OpenCode: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["opencode", "acp"],
    reads: ["read:~/.config/opencode", "read:~/.local/share/opencode"],
    env: [],
  },
  {
    program: "nanocoder",
    about: "Nanocoder: reads, writes and runs code in the workspace.",
    kind: "acp",
    command: ["nanocoder", "--acp"],
    reads: ["read:~/.config/nanocoder"],
    env: [],
  },
];

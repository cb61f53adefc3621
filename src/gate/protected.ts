/**
 * Files that other programs run or obey, so that writing them is acting through those programs.
 * Also such as do not exist yet: a hook that was not there runs just as well. Judged on every
 * change set, at any depth, ignoring case, as some file systems do.
 */
const PROTECTED_FOLDERS: readonly string[] = [
  // git runs hooks, and obeys its configuration (aliases, filters, editors are commands).
  ".git",
  // Editors run tasks and start language servers and debuggers from these.
  ".vscode",
  ".idea",
  // Agents and their hooks, other programs' and ours.
  ".claude",
  ".agents",
  ".codex",
  ".cursor",
  ".gemini",
  ".nano-os",
  // Pipelines run what is written here, with the project's secrets.
  ".github",
  ".gitlab",
  ".circleci",
  ".husky",
  ".devcontainer",
  ".cargo",
  // Keys, and the commands an ssh client or a mail of trust obeys.
  ".ssh",
  ".gnupg",
  // Programs started at login.
  ".config/autostart",
  ".config/systemd",
  "library/launchagents",
  "library/launchdaemons",
];

const PROTECTED_FILES: readonly string[] = [
  // Shells read these when they start or when a folder is entered.
  ".bashrc",
  ".bash_profile",
  ".bash_login",
  ".bash_logout",
  ".bash_aliases",
  ".profile",
  ".zshrc",
  ".zshenv",
  ".zprofile",
  ".zlogin",
  ".inputrc",
  ".envrc",
  ".tool-versions",
  "mise.toml",
  ".mise.toml",
  // git reads these outside `.git`.
  ".gitconfig",
  ".gitmodules",
  ".gitattributes",
  // Runtimes and package managers read these before they run anything.
  "bunfig.toml",
  ".npmrc",
  ".yarnrc",
  ".yarnrc.yml",
  ".pnpmfile.cjs",
  "package.json",
  "pip.conf",
  ".pypirc",
  ".netrc",
  "sitecustomize.py",
  "usercustomize.py",
  "conftest.py",
  "setup.py",
  "build.rs",
  // Makefiles and their like are run by name, often without being read.
  "makefile",
  "gnumakefile",
  "justfile",
  "rakefile",
  "taskfile.yml",
  "dockerfile",
  "containerfile",
  "compose.yaml",
  "docker-compose.yml",
  ".pre-commit-config.yaml",
  ".gitlab-ci.yml",
  // Agents obey these.
  "agents.md",
  "claude.md",
  "gemini.md",
  ".cursorrules",
  ".mcp.json",
  "mcp.json",
  // Editors run what these name.
  ".vimrc",
  ".exrc",
  ".nvim.lua",
  ".emacs",
  ".dir-locals.el",
];

const FOLDERS: ReadonlySet<string> = new Set(PROTECTED_FOLDERS);
const FILES: ReadonlySet<string> = new Set(PROTECTED_FILES);

/** Folders that hold keys: reading or writing there is rank S wherever they are. */
const KEY_FOLDERS: ReadonlySet<string> = new Set([".ssh", ".gnupg"]);
const POLICY_FOLDERS: ReadonlySet<string> = new Set([".nano-os"]);

/** True when other programs run or obey the file at this normal, absolute path. */
export function isProtected(path: string): boolean {
  const segments = folded(path);
  const name = segments.at(-1) ?? "";
  return FILES.has(name) || name === ".env" || name.startsWith(".env.") || holds(segments, FOLDERS);
}

/** True when the path lies in an arrangement's own folder: what is there is policy. */
export function isPolicy(path: string): boolean {
  return mayHide(path) && holds(folded(path), POLICY_FOLDERS);
}

/** True when the path lies where keys are kept. */
export function isKeyStore(path: string): boolean {
  return mayHide(path) && holds(folded(path), KEY_FOLDERS);
}

/** False for the many paths that are plain and have no segment with a dot in front. */
function mayHide(path: string): boolean {
  return path.includes("/.") || !/^[ -~]*$/u.test(path);
}

/** True when one segment, or two neighbours, are among the names. */
function holds(segments: readonly string[], names: ReadonlySet<string>): boolean {
  return segments.some(
    (segment, i) => names.has(segment) || names.has(`${segment}/${segments[i + 1] ?? ""}`),
  );
}

/**
 * Path segments as the least strict file systems see them: without case, composed, without the
 * invisible characters some of them ignore, and without trailing dots and spaces.
 */
function folded(path: string): readonly string[] {
  return path
    .normalize("NFKC")
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu, "")
    .toLowerCase()
    .split("/")
    .map((segment) => segment.replace(/[. ]+$/u, ""))
    .filter((segment) => segment !== "");
}

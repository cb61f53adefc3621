import type { Finding } from "../../contracts/skill.ts";
import { LIMITS } from "../../std/limits.ts";
import { clip, visibleText } from "../../std/text.ts";
import { readingsOf } from "../files.ts";

/** What is looked for in every line. Each pattern runs in linear time on a line of bounded length. */
interface Pattern {
  readonly code: string;
  readonly severity: Finding["severity"];
  readonly says: string;
  readonly finds: readonly RegExp[];
  /** Only in texts for people and models, where such a line is an order. */
  readonly onlyText?: boolean;
}

const SHELL = String.raw`(?:sudo\s{1,4})?(?:\/\w{0,20}\/)?(?:(?:ba|z|da|k|fi)?sh|python[\d.]{0,4}|node|bun|perl|ruby|osascript|iex|powershell)\b`;

/** The marks of skills that were found to be harmful, and what harmless ones have little use for. */
export const PATTERNS: readonly Pattern[] = [
  {
    code: "pipe-to-shell",
    severity: "severe",
    says: "runs what it downloads unseen",
    finds: [
      new RegExp(
        String.raw`\b(?:curl|wget|iwr|irm|invoke-webrequest)\b[^|]{0,500}\|\s{0,8}${SHELL}`,
        "iu",
      ),
      /\b(?:ba|z|da|k)?sh\b[^\n]{0,40}(?:<\(|\$\(|`)\s{0,4}(?:curl|wget)\b/iu,
      /\b(?:iex|invoke-expression)\b[^\n]{0,80}\b(?:iwr|irm|invoke-webrequest|downloadstring)\b/iu,
    ],
  },
  {
    code: "decode-to-shell",
    severity: "severe",
    says: "runs what it hides in another writing",
    finds: [
      new RegExp(String.raw`\b(?:base64|xxd|openssl)\b[^|]{0,500}\|\s{0,8}${SHELL}`, "iu"),
      /\b(?:eval|exec|Function)\s{0,4}\(?[^\n]{0,80}\b(?:atob|b64decode|fromCharCode|unhexlify)\b/iu,
      /\b(?:eval|exec|Function)\s{0,4}\([^\n]{0,200}base64/iu,
      /\bpowershell\b[^\n]{0,80}\s-e(?:nc|ncodedcommand)?\s{1,4}[A-Za-z0-9+/=]{20}/iu,
    ],
  },
  {
    code: "paste-this",
    severity: "severe",
    says: "tells the reader to run a command of its own by hand",
    onlyText: true,
    finds: [
      /\b(?:copy|paste|run|execute|enter|type)\b[^\n]{0,80}\b(?:in|into|on|from|using)\b[^\n]{0,30}\b(?:terminal|shell|command line|command prompt|powershell|console)\b/iu,
      /\b(?:prerequisite|required|before (?:you|using|first)|must first)\b[^\n]{0,120}\b(?:download|install|run|execute)\b[^\n]{0,120}(?:https?:\/\/|`[^`\n]{3,200}`)/iu,
    ],
  },
  {
    code: "locked-archive",
    severity: "severe",
    says: "brings an archive that scanners cannot open",
    finds: [
      /\b(?:zip|archive|rar|7z|extract|unzip|unpack)\b[^\n]{0,60}\b(?:password|passphrase|pass)\b/iu,
      /\b(?:password|passphrase|pass)\b[^\n]{0,60}\b(?:zip|archive|rar|7z|extract|unzip|unpack)\b/iu,
      /\bunzip\b[^\n]{0,40}\s-P\s?\S/u,
    ],
  },
  {
    code: "guard-off",
    severity: "severe",
    says: "takes the machine's own guards away",
    finds: [
      /\bxattr\b[^\n]{0,40}(?:com\.apple\.quarantine|\s-c\b)/iu,
      /\b(?:spctl\s{1,4}--(?:master|global)-disable|set-mppreference|setenforce 0)\b/iu,
      /\b(?:disable|turn off|switch off)\b[^\n]{0,40}\b(?:antivirus|gatekeeper|defender|firewall|sandbox)\b/iu,
    ],
  },
  {
    code: "hushed",
    severity: "severe",
    says: "wants something kept from the person",
    finds: [
      /\b(?:do not|don't|never|without)\s{1,4}(?:tell|telling|mention|mentioning|inform|informing|show|showing|ask|asking|alert|alerting)\b[^\n]{0,30}\b(?:user|operator|person|human)\b/iu,
      /\b(?:ignore|disregard|forget)\b[^\n]{0,30}\b(?:previous|prior|earlier|above|all|other)\b[^\n]{0,30}\b(?:instruction|rule|prompt|policy|policies)/iu,
    ],
  },
  {
    code: "credential-path",
    severity: "severe",
    says: "names where keys and passwords lie",
    finds: [
      /(?:~|\$HOME|%USERPROFILE%|\/(?:home|Users)\/[^\s/]{1,64}|homedir\(\)[^\n]{0,8})\/?["', ]{0,4}\.(?:ssh|aws|gnupg|kube|docker|netrc|config\/gcloud|config\/gh|mozilla)\b/u,
      /\bid_(?:rsa|ed25519|ecdsa)\b|\/etc\/shadow\b|\.aws\/credentials\b|\bwallet\.dat\b/iu,
      /\blogin\.keychain|\bsecurity\s{1,4}find-(?:generic|internet)-password\b|\bLogin Data\b/u,
    ],
  },
  {
    code: "drop-host",
    severity: "severe",
    says: "names a host that takes anything from anybody",
    finds: [
      /\b(?:webhook\.site|requestbin\.\w{2,8}|requestcatcher\.com|pipedream\.net|burpcollaborator\.net|interact\.sh|oast\.\w{2,8}|ngrok(?:-free)?\.\w{2,8}|transfer\.sh|file\.io|0x0\.st|temp\.sh|termbin\.com)\b/iu,
      /\bdiscord(?:app)?\.com\/api\/webhooks\/|\bapi\.telegram\.org\/bot|\bhooks\.slack\.com\/services\//iu,
      /\b(?:pastebin\.com\/raw|glot\.io|rentry\.(?:co|org)|paste\.ee|hastebin\.\w{2,8})\b/iu,
      /\bhttps?:\/\/(?!127\.|10\.|192\.168\.|0\.0\.0\.0|169\.254\.)\d{1,3}(?:\.\d{1,3}){3}\b/u,
    ],
  },
  {
    code: "hidden-text",
    severity: "severe",
    says: "holds characters nobody sees and a model reads",
    finds: [
      // Those that join emoji and a mark at the start of a file are left out.
      /[\u200b\u2060-\u2064\u180e\u202a-\u202e\u2066-\u2069\u115f\u1160\u3164\uffa0\u{e0000}-\u{e007f}]/u,
    ],
  },
  {
    code: "hidden-text",
    severity: "severe",
    says: "holds an order where only a model reads it",
    onlyText: true,
    finds: [
      /<!--[^\n]{0,400}\b(?:run|execute|send|curl|fetch|upload|must|always|secret|token)\b/iu,
    ],
  },
  {
    code: "encoded-blob",
    severity: "note",
    says: "holds a long piece in another writing",
    finds: [/[A-Za-z0-9+/]{400}|(?:\\x[0-9a-fA-F]{2}){40}|(?:\\u00[0-9a-fA-F]{2}){40}/u],
  },
  {
    code: "lasting-change",
    severity: "note",
    says: "would change what starts by itself",
    finds: [
      /\b(?:crontab|launchctl|systemctl\s{1,4}enable|schtasks)\b/iu,
      />>\s{0,4}(?:~|\$HOME)\/\.(?:bashrc|zshrc|profile|bash_profile|zprofile)\b/u,
    ],
  },
  {
    code: "more-software",
    severity: "note",
    says: "brings other software, which nobody has looked at",
    finds: [
      /\b(?:npx\s{1,4}(?:-y|--yes)|npm\s{1,4}(?:i|install)\s{1,4}-g|pip3?\s{1,4}install|uvx?\s{1,4}(?:tool|pip)|brew\s{1,4}install|cargo\s{1,4}install|go\s{1,4}install)\b/iu,
    ],
  },
];

/** A text and where it lies. */
interface Scanned {
  readonly path: string;
  readonly content: Uint8Array;
}

/** Looks at every text of a skill. Severe findings come first; beyond the limit they are counted. */
export function scan(files: readonly Scanned[]): { found: readonly Finding[]; more: number } {
  let room: number = LIMITS.findingTextChars;
  const all = files.flatMap((file) => {
    const { texts, isText } = readingsOf(file.content);
    if (!isText && isProgram(file.content)) return [whole(file, "program")];
    const found = (): readonly Finding[] => texts.flatMap((text) => scanText(file.path, text));
    // What is no text may still hold lines that are run; all of it is one line too long.
    if (!isText) return once(found().filter(({ code }) => code !== LONG_LINE));
    room -= texts[0]?.length ?? 0;
    return room < 0 ? [whole(file, "too-much-text")] : once(found());
  });
  const sorted = [...all.filter(isSevere), ...all.filter((one) => !isSevere(one))];
  const found = sorted.slice(0, LIMITS.findings);
  return { found, more: sorted.length - found.length };
}

/** A line that is read in two ways is one. */
function once(found: readonly Finding[]): readonly Finding[] {
  return [...new Map(found.map((one) => [`${one.code} ${one.line} ${one.says}`, one])).values()];
}

/** True for what is not installed without an explicit word. */
export function isSevere({ severity }: Finding): boolean {
  return severity === "severe";
}

function scanText(path: string, text: string): readonly Finding[] {
  const isText = /\.(?:md|mdx|txt|rst|html?)$/iu.test(path) || !path.includes(".");
  const patterns = PATTERNS.filter(({ onlyText }) => onlyText !== true || isText);
  return text.split("\n").flatMap((line, i) => {
    const at = { path: visibleText(path), line: i + 1 };
    if (line.length > LIMITS.findingLineChars) return [longLine(at)];
    return patterns
      .filter(({ finds }) => finds.some((pattern) => pattern.test(line)))
      .map(({ code, severity, says }) => ({ code, severity, ...at, says, text: shown(line) }));
  });
}

function shown(line: string): string {
  return clip(visibleText(line.trim()), 160);
}

const LONG_LINE = "long-line";

function longLine(at: { path: string; line: number }): Finding {
  return {
    ...{ code: LONG_LINE, severity: "note", ...at },
    ...{ says: "is a line too long to be looked at", text: "" },
  };
}

function whole({ path }: Scanned, code: keyof typeof WHOLE): Finding {
  const at = { path: visibleText(path), line: 0 };
  return { code, severity: "severe", ...at, says: WHOLE[code], text: "" };
}

const WHOLE = {
  program: "is a program whose source nobody can read",
  "too-much-text": "was not looked at, there is too much text before it",
} as const;

/** ELF, Windows and macOS programs by their first bytes. */
function isProgram(content: Uint8Array): boolean {
  const start = Buffer.from(content.subarray(0, 4)).toString("hex");
  return start.startsWith("4d5a") || PROGRAMS.has(start);
}

const PROGRAMS = new Set(["7f454c46", "feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe"]);

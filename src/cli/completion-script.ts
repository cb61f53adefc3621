import { type Command, GLOBAL_OPTIONS, type Offer, type Option } from "./command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * A completion script made from the commands themselves. Names that live in the home (agents,
 * runs, …) are asked of `nanos completion --names KIND` when Tab is pressed.
 */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const words = placesOf(commands.filter(({ name, former }) => name !== "session" && !former));
  if (shell === "fish") return fish(words);
  const bash = bashScript(words);
  return shell === "bash" ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

/** What may follow a command's words: sub-commands, flags, and names of one kind. */
interface Place {
  /** `trace show`, or empty for the start. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
  readonly flags: readonly Option[];
  readonly offers: Offer | null;
}

function placesOf(commands: readonly Command[]): readonly Place[] {
  const start: Place = {
    path: "",
    words: commands.map(({ name, summary }) => ({ word: name, about: summary })),
    flags: GLOBAL_OPTIONS,
    offers: null,
  };
  return [
    start,
    ...commands.flatMap((one) =>
      [one.name, ...(one.aliases ?? [])].flatMap((name) => under(name, one)),
    ),
  ];
}

function under(path: string, command: Command): readonly Place[] {
  const subs = command.subs ?? [];
  const place: Place = {
    path,
    words: subs.map(({ name, summary }) => ({ word: name, about: summary })),
    flags: [...(command.options ?? []), ...GLOBAL_OPTIONS],
    offers: command.args?.find((one) => one.offers !== undefined)?.offers ?? null,
  };
  return [place, ...subs.flatMap((sub) => under(`${path} ${sub.name}`, sub))];
}

function bashScript(places: readonly Place[]): string {
  const cases = places.map(({ path, words, flags, offers }) => {
    const all = [...words.map(({ word }) => word), ...flags.map(({ flag }) => flag), "--help"];
    return `    "${path}") words="${all.join(" ")}"; kind="${offers ?? ""}" ;;`;
  });
  return `_nanos() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" kind="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) [ "\${#path}" -lt 40 ] && path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join("\n")}
    *) kind=files ;;
  esac
  case "$kind" in
    ""|steps|starters) ;;
    files) COMPREPLY=($(compgen -f -- "$current")); return ;;
    folders) COMPREPLY=($(compgen -d -- "$current")); return ;;
    *) words="$words $(nanos completion --names "$kind" 2>/dev/null)" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _nanos nanos
`;
}

function fish(places: readonly Place[]): string {
  const lines = ["complete -c nanos -f"];
  for (const place of places) {
    const names = place.path === "" ? [] : place.path.split(" ");
    const when =
      names.length === 0
        ? "__fish_use_subcommand"
        : names.map((name) => `__fish_seen_subcommand_from ${name}`).join("; and ");
    const on = `complete -c nanos -n '${when}'`;
    for (const { word, about } of place.words) lines.push(`${on} -a ${word} -d ${quote(about)}`);
    for (const { flag, about, value } of place.flags) {
      lines.push(`${on} -l ${flag.slice(2)}${value === undefined ? "" : " -x"} -d ${quote(about)}`);
    }
    if (place.offers === "files" || place.offers === "folders") lines.push(`${on} -F`);
    else if (place.offers !== null) {
      lines.push(`${on} -a '(nanos completion --names ${place.offers} 2>/dev/null)'`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}

import { isNoPlaceholder } from "./carriers.ts";
import type { Shape } from "./sensitive.ts";

/**
 * Secrets that only the words before them make one: `password: hunter2`, "my PIN is 4821". What
 * may follow such words is wide, so what follows is judged by how much it looks like a value.
 */

const ABOUT = String.raw`(?:\s(?:for|of|to|at|on)(?:\s[\w.-]{1,32}){1,4}?)?`;
const JOIN = String.raw`${ABOUT}["'\x60)\]]{0,2}(?:\s{0,4}(?:=>|:=|=|:)\s{0,4}|\s{1,4}(?:is|was|are|to)\s{1,4}:?\s{0,2})(?:now\s{1,2})?["'\x60]{0,3}`;
const VALUE = String.raw`(?<value>[^\s"'\x60,;]{4,512})`;

export const LABELLED_SHAPES: readonly Shape[] = [
  labelled(
    "password",
    /pass(?:word|wort|wd|phrase|code)|\bpwd\b|_pwd\b|\bcontraseña|mot de passe|\bpw\b/gi,
    String.raw`(?:pass(?:word|wort|wd|phrase|code)|pwd|contraseña|mot de passe|pw)`,
    isPassword,
  ),
  labelled(
    "labelled-key",
    /(?:api|access|secret|private|auth|encryption|signing|account|client|master|service|license|app)[_ -]?(?:key|token|secret)|(?:token|secret|credential|apikey)["'\x60]?\s{0,4}(?:[=:]|is\s)/gi,
    String.raw`(?:[a-z]{0,12}[_ -]?(?:key|token|secret|credential)(?:[_ -](?:id|value|base|key))?)`,
    isKey,
  ),
  {
    kind: "pin",
    class: "secret",
    at: /\bpin\b/gi,
    pattern:
      /pin(?: code| number)?(?:\s{0,2}[:=]\s{0,2}|\s(?:is|was)\s)(?<value>\d{4,8})(?!\d|[.:-]\d)/iy,
  },
  {
    kind: "password",
    class: "secret",
    at: /\s--?p(?:assword|asswd|ass)[ =]/g,
    pattern: /\s--?\w{4,8}[ =]['"]?(?<value>[^\s'"]{4,128})/y,
    holds: isPassword,
  },
  {
    kind: "password",
    class: "secret",
    // netrc, and "login ada with password hunter2"
    at: /\b(?:login|user(?:name)?)\s{1,4}\S{1,64}\s{1,4}(?:(?:and|with)\s)?password\s/gi,
    pattern:
      /[a-z]{4,8}\s{1,4}\S{1,64}\s{1,4}(?:(?:and|with)\s)?password\s{1,4}(?<value>\S{4,128})/iy,
    holds: isPassword,
  },
  {
    kind: "seed-phrase",
    class: "secret",
    at: /(?:seed|recovery|mnemonic|backup|secret)(?: recovery)? (?:phrase|words?)|mnemonic/gi,
    pattern:
      /[a-z]{4,8}(?: recovery)?(?: phrase| words?)?(?:\s{0,2}[:=]|\sis:?)\s{0,2}["'\x60]?(?<value>(?:[a-z]{3,8}\s){11,23}[a-z]{3,8})/iy,
  },
  {
    kind: "recovery-code",
    class: "secret",
    at: /(?:recovery|backup|2fa|one-time|verification|security|login) codes?/gi,
    pattern:
      /[\w-]{3,12} codes?(?:\s{0,2}[:=]|\s(?:is|are):?)\s{0,3}["'\x60]?(?<value>[A-Za-z0-9]{4,8}(?:[ -]?[A-Za-z0-9]{3,8}){0,8})/iy,
    holds: (value) => (value.match(/\d/gu) ?? []).length >= 4,
  },
];

function labelled(
  kind: string,
  at: RegExp,
  label: string,
  holds: (value: string) => boolean,
): Shape {
  const pattern = new RegExp(`${label}${JOIN}${VALUE}`, "iy");
  return { kind, class: "secret", at, pattern, holds };
}

/** Not a word of a sentence, a name in code or a place where a value would stand. */
function isPassword(value: string): boolean {
  const bare = value.replace(/[.)\]}>]+$/u, "");
  if (bare.length < 5 || !isNoPlaceholder(bare) || isCode(bare)) return false;
  const digits = /\d/u.test(bare);
  const marks = /[!@#$%^&*+=?~]/u.test(bare);
  return (
    (digits && /[A-Za-z]/u.test(bare)) ||
    (marks && /[A-Za-z]{2}/u.test(bare)) ||
    /^\d{6,}$/u.test(bare) ||
    PASSPHRASE.test(bare)
  );
}

/** `correct-horse-battery-staple` */
const PASSPHRASE = /^[a-z]{3,12}(?:[-_.][a-z]{3,12}){3,7}$/iu;

/** Long, drawn by a machine, and nothing that code says in the same place. */
function isKey(value: string): boolean {
  const bare = value.replace(/[.)\]}>]+$/u, "");
  if (/^[A-Za-z0-9/+]{40}$/u.test(bare)) return /[A-Z]/u.test(bare) && /[a-z]/u.test(bare);
  if (bare.length < 12 || !isNoPlaceholder(bare) || isCode(bare)) return false;
  if (!/^[\w+/=.~:-]+$/u.test(bare)) return false;
  return /\d/u.test(bare) && /[A-Za-z]/u.test(bare) && new Set(bare).size >= 8;
}

/** A call, a path, a property, a type, an address: what a value's name is followed by in code. */
function isCode(value: string): boolean {
  return (
    /[()[\]{}|\\]/u.test(value) ||
    /^(?:https?:|\.{0,2}\/|~\/|@|--|&)/iu.test(value) ||
    /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/u.test(value) ||
    /^(?:sha\d{3}|md5|v?\d+\.\d+)/iu.test(value)
  );
}

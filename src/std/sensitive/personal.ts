import type { Shape } from "./sensitive.ts";

/** What is somebody's: account, card and insurance numbers, how to reach them. */
export const PERSONAL_SHAPES: readonly Shape[] = [
  {
    kind: "iban",
    class: "personal",
    at: /\b[A-Z]{2}\d{2}[ -]?[A-Z0-9]{4}/gi,
    pattern: /[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Z0-9])/iy,
    holds: isIban,
  },
  {
    kind: "card",
    class: "personal",
    at: /(?<![\w.-])[2-6]\d{3}[ -]?\d{4}/g,
    pattern: /\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)/y,
    holds: isCard,
  },
  {
    kind: "card",
    class: "personal",
    at: /(?<![\w.-])3[47]\d{2}[ -]?\d{6}/g,
    pattern: /\d{4}[ -]?\d{6}[ -]?\d{5}(?![\w-]|\.\d)/y,
    holds: isCard,
  },
  {
    kind: "ssn",
    class: "personal",
    at: /(?<![\w.-])\d{3}([ -])\d{2}\1\d{4}(?![\w-]|\.\d)/g,
    pattern: /(?!000|666|9)\d{3}[ -](?!00)\d{2}[ -](?!0000)\d{4}/y,
  },
  {
    kind: "ssn",
    class: "personal",
    at: /\b(?:ssn|social security)\b/gi,
    pattern:
      /(?:ssn|social security)(?: (?:number|no\.?))?(?:\s{0,2}[:=]\s{0,2}|\s(?:is\s)?)(?<value>\d{9})(?!\d)/iy,
  },
  {
    kind: "phone",
    class: "personal",
    at: /(?<![\w+.-])\+[1-9]\d/g,
    pattern: /\+[1-9]\d{0,2}(?:[ .-]{0,1}\(?\d{1,5}\)?){2,6}(?![\w-])/y,
    holds: (value) => between(value.replace(/\D/gu, "").length, 9, 15),
  },
  {
    kind: "phone",
    class: "personal",
    at: /(?<![\w.-])\(?[2-9]\d{2}\)?[ .-]\d{3}[.-]\d{4}(?![\w-]|\.\d)/g,
    pattern: /\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}/y,
  },
  {
    kind: "phone",
    class: "personal",
    at: /\b(?:phone|mobile|cell|tel|telephone|handy|whatsapp)\b/gi,
    pattern:
      /[a-z]{3,9}(?: number| no\.?)?(?:\s{0,2}[:=.]\s{0,2}|\s(?:is\s)?)(?<value>\(?0?\d(?:[ /.-]?\(?\d\)?){6,13})(?!\w)/iy,
  },
  {
    kind: "email",
    class: "personal",
    at: ["@"],
    lead: { chars: /[\w.%+-]/, max: 64 },
    pattern: /[\w%+-][\w.%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w.-]*[@/:])/y,
    holds: isEmail,
  },
];

/** Length of an IBAN by country, where it is fixed. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 " +
    "EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 " +
    "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 " +
    "NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 " +
    "TR26 UA29 VA22 VG24 XK20"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

function isIban(value: string): boolean {
  const text = value.replace(/[ -]/gu, "").toUpperCase();
  if (IBAN_LENGTHS[text.slice(0, 2)] !== text.length) return false;
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const digit = Number.parseInt(char, 36);
    rest = (rest * (digit > 9 ? 100 : 10) + digit) % 97;
  }
  return rest === 1;
}

/** A length its issuer uses, and the checksum of Luhn. */
function isCard(value: string): boolean {
  const digits = value.replace(/\D/gu, "");
  const issued =
    /^4(?:\d{12}|\d{15}|\d{18})$|^(?:5[1-5]|2[2-7])\d{14}$|^3[47]\d{13}$|^3(?:0[0-5]|[689]\d)\d{11}$|^6\d{15,18}$|^35\d{14}$/u;
  if (!issued.test(digits) || /^(\d)\1+$/u.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const twice = digit * 2;
    sum += i % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** Not a package at a version, nor the account a version control system is reached by. */
function isEmail(value: string): boolean {
  const [name = "", host = ""] = value.split("@");
  return (
    name !== "git" && !/^[.-]|^\d+\.\d/u.test(host) && !/\.(?:js|ts|json|md|png|svg)$/iu.test(host)
  );
}

function between(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

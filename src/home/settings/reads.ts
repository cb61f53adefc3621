import type { Json } from "../../std/json.ts";
import { NAMED, type Read, type Said } from "./alias.ts";

/** How the values of variables are read, each into what its key is to be. */

const LEVELS = { debug: "info", info: "info", warning: "warning", warn: "warning", error: "error" };

const no = (why: string, next: string): Said => ({ no: why, next });

const ON = ["1", "true", "yes", "on"];
const OFF = ["0", "false", "no", "off"];

/** 1 or 0, and what each comes to. */
export const onOff =
  (on: Said, off: Said): Read =>
  (value) => {
    const word = value.toLowerCase();
    if (ON.includes(word)) return on;
    return OFF.includes(word) ? off : no(`${NAMED} is neither 1 nor 0.`, "Say 1 or 0.");
  };

export const not: Said = { to: false };
export const as = (to: Json): Said => ({ to });

/** What would loosen something is refused; the other is how it always is. */
export const always = (which: "1" | "0", why: string, next: string): Read =>
  which === "1" ? onOff(null, no(why, next)) : onOff(no(why, next), null);

/** Refused whatever it says. */
export const never =
  (why: string, next: string): Read =>
  () =>
    no(why, next);

/** A number of its unit, as the config counts it; what is beyond the limit comes to the limit. */
export const number =
  ({ times = 1, most, least = 1 }: { times?: number; most: number; least?: number }): Read =>
  (value) => {
    const given = Number(value);
    if (!Number.isFinite(given) || given < 0) {
      return no(`${NAMED} is no number.`, "Give a number, or take it out.");
    }
    return as(Math.max(least, Math.min(most, Math.ceil(given * times))));
  };

/** One of a few words, and what each comes to. */
export const oneOf =
  (words: Readonly<Record<string, Json | null>>): Read =>
  (value) => {
    const word = value.toLowerCase();
    if (!Object.hasOwn(words, word)) {
      const known = Object.keys(words).join(", ");
      return no(`${NAMED} is none of ${known}.`, `Say one of ${known}.`);
    }
    const to = words[word] ?? null;
    return to === null ? null : as(to);
  };

/** A file of the home's own, or nothing: where state lies is said by the home alone. */
export const ownFile =
  (which: "journal" | "memory"): Read =>
  (value, around) => {
    const path = value.replace(/^sqlite:\/{2,3}(?=\/|[A-Za-z]:)/u, "");
    if (path === around[which]) return null;
    return no(
      `${NAMED} names another store than the home's own.`,
      `Take it out, or choose the home: --home DIR. Its own is ${around[which]}.`,
    );
  };

/** Part of how a model is reached; `withModels` puts the parts together. */
export const part =
  (field: string, model?: string): Read =>
  (value, { env }) =>
    as({ [model ?? providerIn(env)]: { [field]: value } });

export const keyOf =
  (model: string, variable: string): Read =>
  () =>
    as({ [model]: { keyEnv: variable } });

/** The provider the former server was told to use. */
export function providerIn(env: Readonly<Record<string, string | undefined>>): string {
  return env["ORCH_LLM_PROVIDER"]?.toLowerCase() || "ollama";
}

/** `60 per minute`, `60/minute`, `1 per second`: requests a minute. */
export const rate: Read = (value) => {
  const [, count = "", unit = ""] =
    /^(\d{1,9})\s*(?:per|\/)\s*(second|minute|hour)$/iu.exec(value.trim()) ?? [];
  const times = { second: 60, minute: 1, hour: 1 / 60 }[unit.toLowerCase()];
  if (times === undefined || Number(count) === 0) {
    return { no: `${NAMED} is no rate.`, next: "Write it as 60 per minute." };
  }
  return as(Math.max(1, Math.floor(Number(count) * times)));
};

/** The first level it names for everything; what is meant for other programs is let pass. */
export const rustLog: Read = (value) => {
  const [word = ""] = value.split(",").filter((one) => !one.includes("="));
  const levels: Readonly<Record<string, string>> = { ...LEVELS, trace: "info", off: "error" };
  const to = levels[word.trim().toLowerCase()];
  return to === undefined ? null : as(to);
};

/** The id in a key as a client shows it, `nk_ID_SECRET`: no other is let in then. */
export const onlyKey: Read = (value) => {
  const [, id] = /^nk_([0-9a-z]{4,32})_[0-9a-f]{64}$/u.exec(value.trim()) ?? [];
  return id === undefined
    ? {
        no: `${NAMED} is no key of this home.`,
        next: "Make one, and put that in its place: nanos key new --agent AGENT (or --operator).",
      }
    : as([id]);
};

export const level: Read = oneOf(LEVELS);

/** One line of words. */
export const word: Read = (value) =>
  /^[^\p{Cc}]{1,100}$/u.test(value)
    ? as(value)
    : no(`${NAMED} is no name.`, "Give at most 100 characters in one line.");

/** A collector's address; where it names none of its paths, the one that spans go to. */
export const collector: Read = (value) => {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/u.test(url.protocol) || url.username !== "") {
    return no(`${NAMED} is no address of a collector.`, "Say http://HOST:4318.");
  }
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return as(url.href);
};

/** Where requests are counted. What an address holds beside the host is never repeated. */
export const rates: Read = (value) => {
  if (/^memory:\/\/$/iu.test(value)) return null;
  if (/^rediss?:\/\/[^/]/iu.test(value) && URL.canParse(value)) return as(value);
  return no(`${NAMED} is no place to count in.`, "Say memory:// or redis://HOST:PORT/N.");
};

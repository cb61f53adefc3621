import { randomBytes } from "node:crypto";

/** The only source of chance. Handed in where it is needed, so that a test can fix it. */
export interface Random {
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

export const systemRandom: Random = {
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};

/** Counts instead of drawing: the n-th call gives n. For tests and replays. */
export function countingRandom(): Random {
  let n = 0;
  return {
    hex: (bytes) => {
      n += 1;
      return n.toString(16).padStart(bytes * 2, "0");
    },
  };
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * An id that sorts by time: nine characters of milliseconds, then 30 random bits.
 * Short enough to type, e.g. `r1k3f9x2ab7qz0m`.
 */
export function newId(prefix: string, at: number, random: Random): string {
  let time = "";
  for (let rest = at, i = 0; i < 9; i++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let tail = "";
  for (let rest = Number.parseInt(random.hex(4), 16), i = 0; i < 6; i++) {
    tail += ALPHABET[rest % 32];
    rest = Math.floor(rest / 32);
  }
  return `${prefix}${time}${tail}`;
}

import type { Review } from "../contracts/artifact.ts";
import type { TraitName } from "../contracts/stage.ts";
import { canonical } from "../std/canonical.ts";
import { NanosError } from "../std/error.ts";
import { hmac } from "../std/hash.ts";
import type { Json } from "../std/json.ts";
import { LIMITS } from "../std/limits.ts";
import { readPlain, utf8 } from "../home/files.ts";
import { writeAtomic } from "../home/store.ts";
import type { HomeSeen } from "./home.ts";
import type { Own } from "./mission.ts";

/**
 * What was read and checked once: what each ended mission came to, under the newest hash of its
 * chain. A view: it may go at any time. Its seal is made with the operator's key, so that whoever
 * writes into the file without that key has written nothing: it is not read, and the chains are.
 */
export interface Kept {
  read(): Known | null;
  write(known: Known): void;
}

export interface Known {
  readonly home: HomeSeen;
  readonly missions: ReadonlyMap<string, Ended>;
}

/** An ended mission; `head` is the hash of its newest entry. */
export interface Ended {
  readonly head: string;
  readonly own: Own;
}

/** Keeps it in a file, absolute. What cannot be read or written is not kept, and nothing else. */
export function keptIn(file: string, sign: (text: string) => string): Kept {
  let key: string | null = null;
  const seal = (text: string): string => hmac((key ??= sign(PURPOSE)), text);
  return {
    read: () =>
      quietly(() => {
        const bytes = readPlain(file, LIMITS.storedBytes);
        const text = bytes === null ? null : utf8(bytes);
        if (text === null) return null;
        const at = text.indexOf("\n");
        const body = text.slice(at + 1);
        return at > 0 && seal(body) === text.slice(0, at) ? parsed(body) : null;
      }),
    write: (known) =>
      void quietly(() => {
        const body = rendered(known);
        if (body.length < LIMITS.storedBytes / 2) {
          writeAtomic(file, `${seal(body)}\n${body}`, { durable: false });
        }
        return null;
      }),
  };
}

/** Version and purpose: another shape has another seal. */
const PURPOSE = "nanos evolution kept v1";

function rendered({ home, missions }: Known): string {
  const { reviews, switched, ...rest } = home;
  const plain = {
    home: { ...rest, reviews: [...reviews], switched: [...switched] },
    missions: [...missions],
  };
  return canonical(plain as unknown as Json);
}

/** Only what carries the seal comes here, so that it is what `rendered` wrote. */
function parsed(text: string): Known {
  const { home, missions } = JSON.parse(text) as Stored;
  return {
    home: { ...home, reviews: new Map(home.reviews), switched: new Map(home.switched) },
    missions: new Map(missions),
  };
}

interface Stored {
  readonly home: Omit<HomeSeen, "reviews" | "switched"> & {
    readonly reviews: readonly (readonly [string, { hash: string; verdict: Verdict }])[];
    readonly switched: readonly (readonly [TraitName, boolean])[];
  };
  readonly missions: readonly (readonly [string, Ended])[];
}

type Verdict = Review["verdict"];

function quietly<T>(act: () => T | null): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof NanosError) return null;
    throw error;
  }
}

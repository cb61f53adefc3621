import { forced } from "./ground.ts";

const HOW_TO_INSTALL = {
  bwrap: "apt install bubblewrap, and allow user namespaces",
  landlock: "a kernel of 5.13 or later with lsm=landlock",
};

/** The tiers that work on this machine; says which does not, and how to get it. */
export const TIERS: readonly ("bwrap" | "landlock")[] = (["bwrap", "landlock"] as const).filter(
  (tier) => {
    const works = forced(tier).tier("host", false) === tier;
    if (!works) console.log(`not available: ${tier} (${HOW_TO_INSTALL[tier]})`);
    return works;
  },
);

import type { ReactNode } from "react";

/** Small signs for what something is worth and came to; each says in words what it shows. */

const RANKS = ["E", "D", "C", "B", "A", "S"];

/** Steps that rise with how much hangs on it. */
export function Rank({ rank }: { rank: string | null }): ReactNode {
  if (rank === null) return null;
  const height = RANKS.indexOf(rank) + 1;
  const tone = height >= 5 ? "bad" : height >= 3 ? "warn" : "soft";
  return (
    <span className={`mark ${tone}`} title={`rank ${rank}: ${RANK_SAYS[rank] ?? ""}`}>
      <svg width="14" height="12" viewBox="0 0 14 12" aria-hidden="true">
        {RANKS.map((_, i) => (
          <rect
            key={i}
            x={i * 2.4}
            y={10 - i * 1.8}
            width="1.6"
            height={2 + i * 1.8}
            fill="currentColor"
            opacity={i < height ? 1 : 0.2}
          />
        ))}
      </svg>
      <span>
        <span className="hidden">rank </span>
        {rank}
      </span>
    </span>
  );
}

const RANK_SAYS: Readonly<Record<string, string>> = {
  E: "starts by itself",
  D: "starts by itself",
  C: "flagged for review",
  B: "flagged for review",
  A: "waits for the operator",
  S: "waits for the operator, who types its name",
};

const TONES: Readonly<Record<string, string>> = {
  ...{
    succeeded: "good",
    done: "good",
    ok: "good",
    allow: "good",
    met: "good",
    approved: "good",
    on: "good",
    here: "good",
  },
  ...{ degraded: "warn", waiting: "warn", ask: "warn", waived: "warn", unknown: "warn" },
  ...{ flagged: "warn", pending: "warn", interrupted: "warn", open: "going", running: "going" },
  ...{ failed: "bad", error: "bad", denied: "bad", deny: "bad", missed: "bad", rejected: "bad" },
  ...{ cancelled: "soft", skipped: "soft", ended: "soft" },
};

/** A state, outcome, status or verdict: a dot in its colour, and the word. */
export function State({ is }: { is: string }): ReactNode {
  return (
    <span className={`mark ${TONES[is] ?? "soft"}`}>
      <i aria-hidden="true" />
      {is}
    </span>
  );
}

/** Rings of a trunk: one for each stage the home has reached. */
export function Rings({
  stage,
  of,
  size = 20,
}: {
  stage: number;
  of: number;
  size?: number;
}): ReactNode {
  const step = 9 / Math.max(of, 1);
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" aria-hidden="true">
      {Array.from({ length: of }, (_, i) => (
        <circle
          key={i}
          cx="10"
          cy="10"
          r={step * (i + 1)}
          fill="none"
          stroke="currentColor"
          strokeWidth={Math.min(1.2, step / 2)}
          opacity={i <= stage ? 1 : 0.2}
        />
      ))}
    </svg>
  );
}

/** How much of something is used or done, 0 to 1. */
export function Bar({ part, says }: { part: number; says: string }): ReactNode {
  const percent = Math.round(Math.min(1, Math.max(0, part)) * 100);
  return (
    <div className="bar" role="img" aria-label={says}>
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}

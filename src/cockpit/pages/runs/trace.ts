import { useEffect, useMemo, useRef, useState } from "react";
import type { StepLine, TraceShown } from "../../../contracts/http/traces.ts";
import { get, type Of } from "../../net/api.ts";
import { gathered } from "../../net/gather.ts";

/**
 * A run as it is looked at: its steps are read a block at a time as they come into view, and those of a
 * run it delegated to once that is opened. Nothing of it is kept when nobody looks any more.
 */
export interface TraceView {
  /** All but its steps; null before the first answer. */
  readonly about: Omit<Of<typeof TraceShown>, "steps"> | null;
  readonly error: unknown;
  readonly rows: readonly Row[];
  /** The row came into view. */
  readonly seen: (row: Row) => void;
  /** Opens or closes the run a step delegated to. */
  readonly toggle: (child: string) => void;
  readonly reload: () => void;
}

/** A line of the call tree. */
export interface Row {
  readonly run: string;
  readonly index: number;
  readonly depth: number;
  /** Null until its block is read. */
  readonly step: StepLine | null;
  readonly opened: boolean;
}

const BLOCK = 200;

/** One run of the tree, as far as it is read. */
interface Branch {
  about: Omit<Of<typeof TraceShown>, "steps"> | null;
  readonly steps: (StepLine | undefined)[];
  readonly reading: Set<number>;
}

export function useTrace(run: string): TraceView {
  const [version, setVersion] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const branches = useRef(new Map<string, Branch>()).current;
  const load = (of: string, block: number): void => {
    const branch = branchOf(branches, of);
    if (branch.reading.has(block)) return;
    branch.reading.add(block);
    void read(of, block, branch)
      .then(() => setError(null), setError)
      .finally(() => {
        branch.reading.delete(block);
        setVersion((was) => was + 1);
      });
  };
  const again = (of: string): void => {
    for (const block of movingIn(branchOf(branches, of))) load(of, block);
  };
  useEffect(() => load(run, 0), [run]);
  const own = useRef(again);
  own.current = again;
  useEffect(
    () =>
      gathered(
        (told) => branches.has(told.run),
        (runs) => (runs ?? new Set(branches.keys())).forEach((one) => own.current(one)),
      ),
    [branches],
  );
  const rows = useMemo(() => rowsOf(branches, { run, depth: 0, opened }), [version, opened, run]);
  return {
    ...{ about: branches.get(run)?.about ?? null, error, rows },
    seen: ({ run: of, index, step }) => {
      if (step === null) load(of, Math.floor(index / BLOCK));
    },
    toggle: (child) => {
      const next = new Set(opened);
      if (!next.delete(child)) {
        next.add(child);
        load(child, 0);
      }
      setOpened(next);
    },
    reload: () => again(run),
  };
}

/** Blocks that may be other ones by now: of the first step that had not settled, and the newest. */
function movingIn({ steps }: Branch): ReadonlySet<number> {
  const last = Math.max(
    0,
    steps.findLastIndex((step) => step !== undefined),
  );
  const open = steps.findIndex((step) => step?.status === "open" || step?.status === "waiting");
  return new Set([last, ...(open < 0 ? [] : [open])].map((at) => Math.floor(at / BLOCK)));
}

function branchOf(branches: Map<string, Branch>, run: string): Branch {
  const found = branches.get(run) ?? { about: null, steps: [], reading: new Set<number>() };
  branches.set(run, found);
  return found;
}

async function read(run: string, block: number, branch: Branch): Promise<void> {
  const from = block * BLOCK;
  const path = `/v1/runs/${encodeURIComponent(run)}/trace?from=${from}&limit=${BLOCK}`;
  const { steps, ...about } = await get<Of<typeof TraceShown>>(path);
  branch.about = about;
  branch.steps.length = about.all;
  steps.forEach((step, i) => {
    branch.steps[from + i] = step;
  });
}

function rowsOf(
  branches: ReadonlyMap<string, Branch>,
  at: { readonly run: string; readonly depth: number; readonly opened: ReadonlySet<string> },
): readonly Row[] {
  const { run, depth, opened } = at;
  const rows: Row[] = [];
  const { steps = [] } = branches.get(run) ?? {};
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index] ?? null;
    const child = step?.child?.run;
    const isOpen = child !== undefined && opened.has(child);
    rows.push({ run, index, depth, step, opened: isOpen });
    if (isOpen) rows.push(...rowsOf(branches, { run: child, depth: depth + 1, opened }));
  }
  return rows;
}

import { type ReactNode, useState } from "react";
import { spanOf } from "../../ui/figures.ts";
import { Empty } from "../../ui/says.tsx";
import { Plain } from "../../ui/plain.tsx";
import { State } from "../../ui/marks.tsx";
import type { Row, TraceView } from "./trace.ts";

/** When each step went on, from the run's beginning; a slider goes through it as it happened. */
export function Timeline(given: {
  trace: TraceView;
  chosen: string | null;
  choose: (step: string) => void;
}): ReactNode {
  const { trace, chosen, choose } = given;
  const begun = trace.about?.at ?? 0;
  const rows = trace.rows.filter(({ step }) => step?.at !== null && step?.at !== undefined);
  const end = Math.max(1, ...rows.map(({ step }) => (step?.at ?? begun) - begun + (step?.ms ?? 0)));
  const [at, setAt] = useState(1000);
  if (rows.length === 0) return <Empty>Nothing of it has a time yet.</Empty>;
  const moment = (at / 1000) * end;
  const going = rows.filter(({ step }) => (step?.at ?? 0) - begun <= moment);
  return (
    <div className="stack">
      <label className="field">
        <span>
          {spanOf(moment)} after it began: {going.length} of {rows.length} steps begun
        </span>
        <input
          type="range"
          min={0}
          max={1000}
          value={at}
          onChange={({ target }) => {
            setAt(Number(target.value));
            const last = going.at(-1)?.step?.step;
            if (last !== undefined) choose(last);
          }}
        />
      </label>
      <ul className="sheet times" aria-label="Timeline">
        {going.slice(-MOST).map((row) => (
          <Time key={`${row.run}#${row.index}`} {...{ row, begun, end, chosen, choose }} />
        ))}
      </ul>
    </div>
  );
}

/** Lines drawn at once: the newest up to the moment that is looked at. */
const MOST = 200;

function Time(given: {
  row: Row;
  begun: number;
  end: number;
  chosen: string | null;
  choose: (step: string) => void;
}): ReactNode {
  const { row, begun, end, chosen, choose } = given;
  const { step } = row;
  if (step === null) return null;
  const from = ((step.at ?? begun) - begun) / end;
  const long = Math.max(0.002, (step.ms ?? 0) / end);
  return (
    <li>
      <button
        className="plain line"
        aria-pressed={step.step === chosen}
        onClick={() => choose(step.step)}
      >
        <span className="what">
          <State is={step.status} /> <Plain text={step.name} />
        </span>
        <span className="when" aria-hidden="true">
          <i style={{ left: `${from * 100}%`, width: `${Math.min(long, 1 - from) * 100}%` }} />
        </span>
        <span className="soft num">{step.ms === null ? "" : spanOf(step.ms)}</span>
      </button>
    </li>
  );
}

import { type ReactNode, useState } from "react";
import { Field } from "../../act/field.tsx";
import { List } from "../../ui/list.tsx";
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
  const begunBy = (ms: number): readonly Row[] =>
    rows.filter(({ step }) => (step?.at ?? 0) - begun <= ms);
  const going = begunBy(moment);
  return (
    <div className="stack">
      <Field
        {...{ label: "Moment", most: 1000, value: String(at), press: "s" }}
        about={`${spanOf(moment)} after it began: ${going.length} of ${rows.length} steps begun`}
        set={(value) => {
          const to = Number(value);
          setAt(to);
          const last = begunBy((to / 1000) * end).at(-1)?.step?.step;
          if (last !== undefined) choose(last);
        }}
      />
      <div className="sheet tree times">
        <List
          {...{ label: "Timeline", items: going, chosen, choose, height: 34, keys: ["J", "K"] }}
          idOf={({ step }) => step?.step ?? ""}
        >
          {(row) => <Time {...{ row, begun, end }} />}
        </List>
      </div>
    </div>
  );
}

function Time({ row, begun, end }: { row: Row; begun: number; end: number }): ReactNode {
  const { step } = row;
  if (step === null) return null;
  const from = ((step.at ?? begun) - begun) / end;
  const long = Math.max(0.002, (step.ms ?? 0) / end);
  return (
    <div className="line">
      <span className="what">
        <State is={step.status} /> <Plain text={step.name} />
      </span>
      <span className="when" aria-hidden="true">
        <i style={{ left: `${from * 100}%`, width: `${Math.min(long, 1 - from) * 100}%` }} />
      </span>
      <span className="soft num">{step.ms === null ? "" : spanOf(step.ms)}</span>
    </div>
  );
}

import { type ReactNode, useEffect } from "react";
import { Act } from "../../act/act.tsx";
import { costOf, countOf, spanOf } from "../../ui/figures.ts";
import { List } from "../../ui/list.tsx";
import { Rank, State } from "../../ui/marks.tsx";
import { Plain } from "../../ui/plain.tsx";
import { Empty } from "../../ui/says.tsx";
import type { Row, TraceView } from "./trace.ts";

const idOf = ({ run, index, step }: Row): string => step?.step ?? `${run}#${index}`;

/** The call tree: each step under what it was done for; a delegated run opens in its place. */
export function Tree(given: {
  trace: TraceView;
  chosen: string | null;
  choose: (step: string) => void;
}): ReactNode {
  const { trace, chosen, choose } = given;
  const row = trace.rows.find((one) => idOf(one) === chosen);
  const child = row?.step?.child?.run;
  if (trace.rows.length === 0) return <Empty>It has not done anything yet.</Empty>;
  return (
    <>
      <div className="sheet tree">
        <List
          label="Steps"
          items={trace.rows}
          idOf={idOf}
          chosen={chosen}
          choose={choose}
          height={34}
          keys={["J", "K"]}
        >
          {(row) => <Line row={row} trace={trace} />}
        </List>
      </div>
      {child !== undefined && (
        <p>
          <Act
            says={row?.opened === true ? "Close what it delegated" : "Open what it delegated"}
            {...{ press: "o", act: () => trace.toggle(child) }}
          />
        </p>
      )}
    </>
  );
}

function Line({ row, trace }: { row: Row; trace: TraceView }): ReactNode {
  const { step, depth } = row;
  useEffect(() => trace.seen(row), [row]);
  if (step === null) return <div className="line soft">…</div>;
  const indent = { paddingLeft: `${depth * 1.1 + (step.within === null ? 0 : 1.1)}rem` };
  const tokens = step.usage ? step.usage.input + step.usage.output : 0;
  return (
    <div className="line num" style={indent}>
      <State is={step.status} />
      <span className="soft">{step.kind}</span>
      <span className="grow">
        <Plain text={step.name} />
        {step.child && (
          <span className="soft">
            {" "}
            {row.opened ? "▾" : "▸"} <Plain text={step.child.agent} />, {step.child.steps} steps
          </span>
        )}
        {step.failure && <span className="bad"> {step.failure.code}</span>}
      </span>
      {step.verdict !== null && step.verdict !== "allow" && <State is={step.verdict} />}
      <Rank rank={step.rank} />
      <span className="soft">
        {tokens > 0 && `${countOf(tokens)} tok `}
        {(step.usage?.cost ?? 0) > 0 && costOf(step.usage?.cost ?? null)}{" "}
        {step.ms !== null && spanOf(step.ms)}
      </span>
    </div>
  );
}

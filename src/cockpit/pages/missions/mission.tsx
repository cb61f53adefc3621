import type { ReactNode } from "react";
import { Act } from "../../act/act.tsx";
import type { MissionShown } from "../../../contracts/http/missions.ts";
import type { RunBegun } from "../../../contracts/http/runs.ts";
import { type Of, send } from "../../net/api.ts";
import { useResource } from "../../net/resource.ts";
import { useDoing } from "../../ui/doing.ts";
import { type Fact, Facts } from "../../ui/facts.tsx";
import { costOf, timeOf } from "../../ui/figures.ts";
import { Rank, State } from "../../ui/marks.tsx";
import { go, hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Shown, Trouble } from "../../ui/says.tsx";
import { Graph } from "./graph.tsx";

type Whole = Of<typeof MissionShown>;

/** One mission: its plan as a graph of tasks, what became of each, and what it waits for. */
export function Mission({ id }: { id: string }): ReactNode {
  const path = `/v1/engine/missions/${encodeURIComponent(id)}`;
  const mission = useResource<Whole>(path, ({ run }) => run === id || run.startsWith(`${id}_`));
  return (
    <Shown of={mission} what="the mission">
      {(whole) => (
        <div className="stack">
          <h2>
            <Plain text={whole.plan} />
          </h2>
          <Facts rows={factsOf(whole)} />
          {whole.failure && (
            <p className="note bad">
              <Plain text={whole.failure.message} /> <code>{whole.failure.code}</code>
            </p>
          )}
          <Waits mission={whole} />
          <Actions mission={whole} path={path} />
          <Graph tasks={whole.steps} />
          <Tasks mission={whole} />
          {whole.text !== "" && (
            <pre className="text" tabIndex={0}>
              <Plain text={whole.text} />
            </pre>
          )}
        </div>
      )}
    </Shown>
  );
}

function factsOf(mission: Whole): readonly Fact[] {
  const { rank, review, outcome, state, tasks, cost, at, by, run, inputs } = mission;
  return [
    [
      "state",
      <>
        <State is={outcome ?? state} /> <Rank rank={rank} /> {review && "flagged for review"}
      </>,
    ],
    ["tasks", `${tasks.ended} of ${tasks.all}`],
    ["cost", costOf(cost)],
    ["began", timeOf(at)],
    ["by", <Plain text={by} />],
    ...Object.entries(inputs).map(([name, value]): Fact => [name, <Plain text={textOf(value)} />]),
    ["record", <a href={hrefOf("runs", run)}>{run}</a>],
  ];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Waits({ mission: { asks } }: { mission: Whole }): ReactNode {
  return asks.map((ask) => (
    <p key={ask.id} className="note warn">
      Waits for you: <a href={hrefOf("approvals", ask.id)}>{<Plain text={ask.what} />}</a>
    </p>
  ));
}

function Actions({ mission, path }: { mission: Whole; path: string }): ReactNode {
  const doing = useDoing();
  const { state, asks } = mission;
  const rerun = (): void =>
    doing.act(async () => {
      const { run } = await send<Of<typeof RunBegun>>("POST", `${path}/rerun`);
      go(hrefOf("missions", run));
    });
  const [ask] = asks;
  const open = (): void => {
    if (ask) go(hrefOf("approvals", ask.id));
  };
  const to = (method: "POST" | "DELETE", where: string): (() => void) => {
    return () => doing.act(() => send(method, where));
  };
  const off = doing.busy;
  return (
    <>
      <div className="actions">
        {ask && <Act says="Answer" press="a" look="strong" act={open} />}
        {state === "interrupted" && (
          <Act says="Go on with it" press="o" off={off} act={to("POST", `${path}/run`)} />
        )}
        <Act says="Run again" press="r" off={off} act={rerun} />
        {state !== "ended" && (
          <Act says="Cancel" press="c" look="danger" off={off} act={to("DELETE", path)} />
        )}
      </div>
      <Trouble error={doing.error} />
    </>
  );
}

function Tasks({ mission: { steps } }: { mission: Whole }): ReactNode {
  return (
    <table>
      <thead>
        <tr>
          <th>task</th>
          <th>does</th>
          <th>came to</th>
          <th>checks</th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ id, does, state, ended }) => (
          <tr key={id}>
            <td>
              <Plain text={id} />
            </td>
            <td>
              <Plain text={does} most={300} />
            </td>
            <td>
              <State is={ended?.status ?? state} />
              {ended?.failure && <code> {ended.failure.code}</code>}
            </td>
            <td>
              {ended?.checks.map(({ id: check, status }) => (
                <div key={check}>
                  <Plain text={check} /> <State is={status} />
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

import type { ReactNode } from "react";
import type { Of } from "../net/api.ts";
import type { RunList } from "../../contracts/http/runs.ts";
import { STAGES, type Status } from "../../contracts/stage.ts";
import { useResource } from "../net/resource.ts";
import { useNow } from "../ui/clock.ts";
import { costOf, countOf, whenOf } from "../ui/figures.ts";
import { Bar, Rings, State } from "../ui/marks.tsx";
import { hrefOf } from "../ui/place.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown } from "../ui/says.tsx";

/** How the home stands, at a look. */
export function Home(): ReactNode {
  const status = useResource<Status>("/v1/nexusmon/organism/status", ({ kind }) =>
    CHANGES.has(kind),
  );
  return (
    <div className="page">
      <Shown of={status} what="how the home stands">
        {(shown) => (
          <>
            <Stage status={shown} />
            <Waits count={shown.operator.waits} />
            <div className="cards">
              <Counted status={shown} />
              <Newest />
            </div>
          </>
        )}
      </Shown>
    </div>
  );
}

const CHANGES: ReadonlySet<string> = new Set([
  ...[
    "run.started",
    "run.ended",
    "run.waiting",
    "approval.answered",
    "stage.changed",
    "trait.switched",
  ],
]);

function Stage({ status: { evolution } }: { status: Status }): ReactNode {
  const at = STAGES.indexOf(evolution.stage);
  const { next } = evolution;
  return (
    <section className="sheet padded stage" aria-label="Stage">
      <Rings stage={at} of={STAGES.length} size={56} />
      <div className="grow stack">
        <h1>{evolution.stage}</h1>
        <p className="soft">
          {countOf(evolution.xp)} XP from {countOf(evolution.proven)} proven missions
          {evolution.failed > 0 && `, ${countOf(evolution.failed)} failed`}
          {next && `. ${next.stage} takes ${next.missing.missions} more proven`}
        </p>
        {next && (
          <Bar
            part={evolution.proven / Math.max(1, evolution.proven + next.missing.missions)}
            says={`${evolution.proven} of ${evolution.proven + next.missing.missions} missions`}
          />
        )}
      </div>
    </section>
  );
}

function Waits({ count }: { count: number }): ReactNode {
  if (count === 0) return null;
  return (
    <p className="note warn">
      <a href={hrefOf("approvals")}>
        {count === 1 ? "One thing waits" : `${count} things wait`} for your answer
      </a>
    </p>
  );
}

function Counted({ status }: { status: Status }): ReactNode {
  const { missions, memory, model, sandbox, spend, day, agents, schedules } = status;
  const outcomes = Object.entries(missions.outcomes).filter(([, count]) => count > 0);
  return (
    <section className="sheet padded stack" aria-label="Figures">
      <h2>Here</h2>
      <dl className="facts num">
        <dt>missions</dt>
        <dd>
          {missions.open} open, {missions.waiting} waiting
          {outcomes.map(([outcome, count]) => `, ${count} ${outcome}`).join("")}
        </dd>
        <dt>runs</dt>
        <dd>
          {countOf(spend.runs)}, {countOf(spend.tokens)} tokens, {costOf(spend.cost)}
          {spend.unpriced > 0 && ` and ${spend.unpriced} of no known price`}
        </dd>
        {day && (
          <>
            <dt>today</dt>
            <dd>
              {costOf(day.used.cost)} of{" "}
              {day.limit.cost === undefined ? "no limit" : costOf(day.limit.cost)}
            </dd>
          </>
        )}
        <dt>memory</dt>
        <dd>{memory.enabled ? `${memory.notes} notes, ${memory.candidates} to review` : "off"}</dd>
        <dt>agents</dt>
        <dd>
          <Plain text={agents.join(", ")} />
        </dd>
        <dt>model</dt>
        <dd>{model === null ? "none: nanos model add" : <Plain text={model} />}</dd>
        <dt>sandbox</dt>
        <dd>{sandbox ?? "none: nanos doctor says what to install"}</dd>
        <dt>schedules</dt>
        <dd>
          {Object.entries(schedules.states)
            .map(([state, count]) => `${count} ${state}`)
            .join(", ") || "none"}
        </dd>
      </dl>
    </section>
  );
}

function Newest(): ReactNode {
  const runs = useResource<Of<typeof RunList>>("/v1/runs?limit=8", ({ kind }) => CHANGES.has(kind));
  const now = useNow();
  return (
    <section className="sheet padded stack" aria-label="Newest runs">
      <h2>Newest runs</h2>
      <Shown of={runs} what="runs">
        {({ data }) =>
          data.length === 0 ? (
            <Empty>
              Nothing ran yet. Ask the oracle in <a href={hrefOf("chat")}>Chat</a>.
            </Empty>
          ) : (
            <ul className="stack">
              {data.map(({ run, request, state, outcome, at }) => (
                <li key={run} className="row">
                  <State is={outcome ?? state} />
                  <a className="grow" href={hrefOf("runs", run)}>
                    <Plain text={request} most={120} />
                  </a>
                  <span className="soft num">{whenOf(at, now)}</span>
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </section>
  );
}

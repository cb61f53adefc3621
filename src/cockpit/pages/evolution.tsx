import type { ReactNode } from "react";
import { Act } from "../act/act.tsx";
import { STAGES, type Status, type TraitLine } from "../../contracts/stage.ts";
import type { CognitionStatus } from "../../contracts/cognition/reading.ts";
import { send } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { useDoing } from "../ui/doing.ts";
import { type Fact, Facts } from "../ui/facts.tsx";
import { countOf } from "../ui/figures.ts";
import { Rings, State } from "../ui/marks.tsx";
import { hrefOf } from "../ui/place.ts";
import { Shown, Trouble } from "../ui/says.tsx";

/** How far the home has come: stages as rings, what each makes available, and from which missions. */
export function Evolution(): ReactNode {
  const status = useResource<Status>("/v1/nexusmon/organism/status", ({ kind }) =>
    /^(?:run\.ended|stage|trait)/u.test(kind),
  );
  return (
    <div className="page">
      <div className="top">
        <h1>Evolution</h1>
      </div>
      <Shown of={status} what="how far it has come">
        {(shown) => (
          <>
            <Counts status={shown} />
            <ol className="cards">
              {STAGES.map((stage, at) => (
                <Stage key={stage} {...{ stage, at, status: shown, reload: status.reload }} />
              ))}
            </ol>
            <Cognition />
          </>
        )}
      </Shown>
    </div>
  );
}

function Counts({ status: { evolution, operator } }: { status: Status }): ReactNode {
  const { xp, proven, failed, broken, rate, next, uncounted } = evolution;
  const rest = Object.entries(uncounted).filter(([, count]) => count > 0);
  return (
    <section className="sheet padded" aria-label="What counts">
      <Facts
        rows={[
          ["XP", countOf(xp)],
          ["proven", `${proven} missions, ${Math.round(rate * 100)} % of those that count`],
          ["failed", `${failed}${broken > 0 ? `, ${broken} of them with a broken record` : ""}`],
          rest.length > 0 && [
            "not counted",
            rest.map(([why, count]) => `${count} ${why}`).join(", "),
          ],
          next && [
            "next",
            `${next.stage}: ${next.missing.missions} more proven${
              next.missing.byRate ? ", as too many failed" : ""
            }`,
          ],
          operator.recent.length > 0 && [
            "from",
            <a href={hrefOf("missions")}>{operator.recent.map(({ plan }) => plan).join(", ")}</a>,
          ],
        ]}
      />
    </section>
  );
}

function Stage(given: {
  stage: (typeof STAGES)[number];
  at: number;
  status: Status;
  reload: () => void;
}): ReactNode {
  const { stage, at, status, reload } = given;
  const now = STAGES.indexOf(status.evolution.stage);
  const traits = status.traits.filter(({ from }) => from === stage);
  return (
    <li className={`sheet padded stack ${at > now ? "far" : ""}`}>
      <h2 className="row">
        <Rings stage={at} of={STAGES.length} size={28} />
        {stage}
        {at === now && <State is="here" />}
      </h2>
      <ul className="stack">
        {traits.map((trait) => (
          <Trait key={trait.trait} trait={trait} reload={reload} />
        ))}
        {traits.length === 0 && <li className="soft">Nothing of its own.</li>}
      </ul>
    </li>
  );
}

/** A trait, and the switch of one that is reached: it makes something available, and permits nothing. */
function Trait({ trait: line, reload }: { trait: TraitLine; reload: () => void }): ReactNode {
  const { trait, does, where, on, reached, needs, use } = line;
  const doing = useDoing();
  const turn = (): void =>
    doing.act(async () => {
      await send("POST", `/v1/traits/${trait}`, { on: !on });
      reload();
    });
  return (
    <li>
      <p className="row">
        <strong>{trait}</strong> <State is={on ? "on" : reached ? "off" : "not reached"} />
        {reached && use === "switched" && (
          <Act says={`Switch ${on ? "off" : "on"}`} of={trait} off={doing.busy} act={turn} />
        )}
      </p>
      <p>{does}</p>
      <p className="soft">{needs ?? where}</p>
      <Trouble error={doing.error} />
    </li>
  );
}

function Cognition(): ReactNode {
  const status = useResource<CognitionStatus>("/v1/cognition/status", ({ kind }) =>
    kind.startsWith("thought."),
  );
  return (
    <section className="sheet padded stack" aria-label="Cognition">
      <h2>Cognition</h2>
      <Shown of={status} what="the instruments">
        {(shown) => <Facts rows={readingsOf(shown)} />}
      </Shown>
    </section>
  );
}

function readingsOf(status: CognitionStatus): readonly Fact[] {
  const { predictions, beliefs, sources, autopsies, diary, errors, attention } = status;
  const brier = predictions.brier === null ? "no score yet" : predictions.brier.toFixed(3);
  return [
    [
      "predictions",
      `${predictions.noted} noted, ${predictions.settled} settled, Brier ${brier}${
        predictions.reads === null ? "" : `, ${predictions.reads}`
      }`,
    ],
    ["beliefs", `${beliefs.noted} noted, ${beliefs.revised} revised`],
    ["sources", `${sources.tracked} tracked`],
    ["autopsies", `${autopsies.decisions} decisions, ${autopsies.open} open`],
    ["diary", `${diary.noted} noted`],
    ["errors", `${errors.noted} noted${errors.dominant ? `, mostly ${errors.dominant}` : ""}`],
    ["arguments", `${status.arguments.noted} noted, ${status.arguments.challenged} challenged`],
    ["counters", `${status.counters.noted} noted, ${status.counters.open} open`],
    ["ladder", `${status.ladder.rungs} rungs`],
    ["prerequisites", `${status.prerequisites.things} things`],
    ["causes", `${status.causes.things} things, ${status.causes.links} links`],
    ["retellings", `${status.retellings.told} told`],
    ["attention", `${attention.runs} runs, ${countOf(attention.tokens)} tokens`],
  ];
}

import { type ReactNode, useState } from "react";
import type { AskLine, AskShown } from "../../../contracts/http/runs.ts";
import { Act } from "../../act/act.tsx";
import { Field } from "../../act/field.tsx";
import { send, type Of } from "../../net/api.ts";
import { useResource } from "../../net/resource.ts";
import { now } from "../../ui/clock.ts";
import { Diff } from "../../ui/diff.tsx";
import { useDoing } from "../../ui/doing.ts";
import { type Fact, Facts } from "../../ui/facts.tsx";
import { spanOf } from "../../ui/figures.ts";
import { Rank } from "../../ui/marks.tsx";
import { hrefOf } from "../../ui/place.ts";
import { Plain } from "../../ui/plain.tsx";
import { Shown, Trouble } from "../../ui/says.tsx";
import { Batch, topOf } from "./batch.tsx";

type Whole = Of<typeof AskShown>;

/**
 * One ask, with all there is to know before it is answered; `rest` is what else waits, and `done` is
 * called once it is answered.
 */
export function Ask(given: {
  readonly id: string;
  readonly rest: readonly AskLine[];
  readonly done: () => void;
}): ReactNode {
  const { id, rest, done } = given;
  const ask = useResource<Whole>(`/v1/approvals/${encodeURIComponent(id)}`);
  const [typed, setTyped] = useState("");
  return (
    <Shown of={ask} what="the ask">
      {(whole) => (
        <div className="stack">
          <h2>
            <Plain text={whole.what} />
          </h2>
          <Facts rows={factsOf(whole)} />
          <h3>Exactly this</h3>
          <pre className="text">
            <Plain text={JSON.stringify(whole.action, null, 2)} />
          </pre>
          {whole.changes.length > 0 && (
            <>
              <h3>What it would change</h3>
              <Diff changes={whole.changes} />
            </>
          )}
          {whole.earlier && <p className="note">Before: {whole.earlier.says}.</p>}
          {whole.rank === "S" && (
            <Field
              {...{ label: "Its name", value: typed, set: setTyped }}
              about={
                <>
                  as it is rank S: <code>{whole.name}</code>
                </>
              }
            />
          )}
          <Answers ask={whole} typed={typed} done={done} />
          <Batch asks={rest.filter(({ run }) => topOf(run) === topOf(whole.run))} />
        </div>
      )}
    </Shown>
  );
}

/** The operator's yes or no. */
function Answers(given: { ask: Whole; typed: string; done: () => void }): ReactNode {
  const { ask, typed, done } = given;
  const doing = useDoing();
  const answer = (verdict: "approve" | "deny", body: object): void =>
    doing.act(async () => {
      await send("POST", `/v1/approvals/${encodeURIComponent(ask.id)}/${verdict}`, body);
      done();
    });
  const words = ask.rank === "S" ? { typed } : {};
  const approve = (reach: "once" | "run"): void =>
    answer("approve", { reach, argsHash: ask.argsHash, ...words });
  const deny = (): void => answer("deny", {});
  const off = doing.busy || (ask.rank === "S" && typed !== ask.name);
  return (
    <>
      <Trouble error={doing.error} />
      <div className="actions">
        <Act says="Approve once" press="a" look="strong" off={off} act={() => approve("once")} />
        <Act
          {...{ says: "For this run", press: "A", off, title: ask.covers ?? "" }}
          act={() => approve("run")}
        />
        <Act says="Deny" press="d" look="danger" off={doing.busy} act={deny} />
        <a href={hrefOf("runs", ask.run)}>See the run</a>
      </div>
    </>
  );
}

function factsOf(ask: Whole): readonly Fact[] {
  const { agent, name, rank, where, reason, why, cost, covers, expires } = ask;
  return [
    ["agent", <Plain text={agent} />],
    [
      "would",
      <>
        <Plain text={name} /> <Rank rank={rank} />
      </>,
    ],
    where.length > 0 && ["where to", <Plain text={where.join(", ")} />],
    ["because", <Plain text={reason} />],
    why !== null && ["which is", <Plain text={why} />],
    cost !== null && ["cost", cost],
    covers !== null && ["for this run", <Plain text={covers} />],
    ["expires", `in ${spanOf(Math.max(0, expires - now()))}`],
  ];
}

import { type ReactNode, useState } from "react";
import { Act } from "../act/act.tsx";
import { Field } from "../act/field.tsx";
import { Fold } from "../act/fold.tsx";
import type { EvidenceShown } from "../../contracts/http/cockpit.ts";
import type { RunList } from "../../contracts/http/runs.ts";
import type { Of } from "../net/api.ts";
import { save } from "../net/save.ts";
import { useResource } from "../net/resource.ts";
import { submitting, useDoing } from "../ui/doing.ts";
import { Facts } from "../ui/facts.tsx";
import { countOf, timeOf } from "../ui/figures.ts";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown, Trouble } from "../ui/says.tsx";

type Whole = Of<typeof EvidenceShown>;

/** What can be proven of this home, and to whom: the chain, its signatures, and a bundle to take away. */
export function Evidence(): ReactNode {
  const evidence = useResource<Whole>("/v1/evidence", ({ kind }) =>
    /^(?:log|witness)\./u.test(kind),
  );
  return (
    <div className="page">
      <div className="top">
        <h1>Evidence</h1>
        <Act says="Verify" press="v" act={evidence.reload} />
      </div>
      <Shown of={evidence} what="the journal, every entry of it">
        {(whole) => (
          <>
            <Chain evidence={whole} />
            <Bundle />
            <Checkpoints evidence={whole} />
          </>
        )}
      </Shown>
    </div>
  );
}

function Chain({ evidence: { report, keys } }: { evidence: Whole }): ReactNode {
  const { ok, bad, events, chains, erased, checkpoints, unsigned, unwitnessed } = report;
  return (
    <section className="sheet padded stack" aria-label="The journal">
      <p className={ok ? "note" : "note bad"} role="status">
        {ok
          ? `The journal is as it was written: ${countOf(events)} entries in ${countOf(chains)} chains.`
          : bad}
      </p>
      <Facts
        rows={[
          ["erased", `${countOf(erased)} bodies, each with an entry that says so`],
          ["checkpoints", countOf(checkpoints)],
          ["not signed yet", `${countOf(unsigned)} entries`],
          ["not witnessed", `${countOf(unwitnessed)} entries: nobody else vouches for them`],
          ["log key", <code>{keys.log}</code>],
          keys.trusted.length > 0 && [
            "witnesses",
            <Plain text={keys.trusted.map(({ name, is }) => `${name} (${is})`).join(", ")} />,
          ],
        ]}
      />
    </section>
  );
}

/** One run with all its proofs, for somebody who has no nanos. */
function Bundle(): ReactNode {
  const runs = useResource<Of<typeof RunList>>(
    "/v1/runs?limit=50",
    ({ kind }) => kind === "run.ended",
  );
  const [run, setRun] = useState("");
  const doing = useDoing();
  const download = (): void => {
    if (run === "") return;
    doing.act(() => save(`/v1/runs/${encodeURIComponent(run)}/bundle`, `${run}.tar`));
  };
  return (
    <section className="sheet padded stack" aria-label="A bundle">
      <h2>A bundle to take away</h2>
      <p className="soft">
        Everything that shows what one run did, checked by a single file that knows nothing of
        nanos.
      </p>
      <form className="row" onSubmit={submitting(download)}>
        <Field
          {...{ label: "Run", isBare: true, value: run, set: setRun }}
          options={[
            ["", "choose a run"],
            ...(runs.data?.data ?? []).map((line) => {
              return [line.run, `${line.run} ${line.request.slice(0, 60)}`] as const;
            }),
          ]}
        />
        <Act says="Download" press="b" off={doing.busy || run === ""} />
      </form>
      <Trouble error={doing.error} />
    </section>
  );
}

function Checkpoints({ evidence: { checkpoints } }: { evidence: Whole }): ReactNode {
  if (checkpoints.length === 0) {
    return (
      <Empty>No checkpoint is signed yet. One is signed by itself as the journal grows.</Empty>
    );
  }
  return (
    <section className="stack" aria-label="Checkpoints">
      <h2>Checkpoints</h2>
      {checkpoints.map(({ seq, at, checkpoint }) => (
        <Fold
          {...{ says: "Checkpoint", of: String(seq), look: "sheet padded" }}
          key={seq}
          head={`entry ${seq}, ${timeOf(at)}`}
        >
          <pre className="text" tabIndex={0}>
            <Plain text={checkpoint} />
          </pre>
        </Fold>
      ))}
    </section>
  );
}

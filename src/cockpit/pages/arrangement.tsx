import { type ReactNode, useState } from "react";
import type { ArrangementShown, ToolList } from "../../contracts/http/cockpit.ts";
import type { Of } from "../net/api.ts";
import { useResource } from "../net/resource.ts";
import { Facts } from "../ui/facts.tsx";
import { Rank, State } from "../ui/marks.tsx";
import { Plain } from "../ui/plain.tsx";
import { Empty, Shown } from "../ui/says.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { Skills } from "./arrangement/skills.tsx";
import { WhatIf } from "./arrangement/what-if.tsx";

type Whole = Of<typeof ArrangementShown>;

/** Who works here, with what, and what holds them. */
export function Arrangement(): ReactNode {
  const all = useResource<Whole>("/v1/arrangement", ({ kind }) =>
    /^(?:grant|skill|arrangement|trust|standing)/u.test(kind),
  );
  const [tab, setTab] = useState<"agents" | "skills" | "tools" | "rules">("agents");
  return (
    <div className="page">
      <div className="top">
        <h1>Arrangement</h1>
      </div>
      <Tabs
        label="The arrangement"
        tabs={[
          ["agents", "Agents"],
          ["skills", "Skills and grants"],
          ["tools", "Tools"],
          ["rules", "Rules"],
        ]}
        chosen={tab}
        choose={setTab}
      />
      <Shown of={all} what="the arrangement">
        {(whole) => (
          <>
            {whole.warnings.map((warning) => (
              <p key={warning} className="note warn">
                <Plain text={warning} />
              </p>
            ))}
            {tab === "agents" && <Agents all={whole} />}
            {tab === "skills" && <Skills all={whole} reload={all.reload} />}
            {tab === "tools" && <Tools />}
            {tab === "rules" && <WhatIf all={whole} />}
          </>
        )}
      </Shown>
    </div>
  );
}

function Agents({ all: { agents, models, plans, workspace } }: { all: Whole }): ReactNode {
  return (
    <>
      <p className="soft">
        Works in <Plain text={workspace} />; models:{" "}
        <Plain
          text={models.map(({ name, inUse }) => `${name}${inUse ? " (in use)" : ""}`).join(", ")}
        />
        ; plans: <Plain text={plans.join(", ") || "none"} />
      </p>
      <ul className="cards">
        {agents.map(({ name, description, kind, model, rank, skills, tools, agents: asks }) => (
          <li key={name} className="sheet padded stack">
            <h2>
              <Plain text={name} /> <Rank rank={rank} />
            </h2>
            <p>
              <Plain text={description} />
            </p>
            <Facts
              rows={[
                ["is", `a ${kind}`],
                ["thinks with", <Plain text={model} />],
                ["skills", <Plain text={skills.join(", ") || "none"} />],
                ["tools", <Plain text={tools.join(", ") || "none"} />],
                ["may ask", <Plain text={asks.join(", ") || "nobody"} />],
              ]}
            />
          </li>
        ))}
      </ul>
    </>
  );
}

function Tools(): ReactNode {
  const tools = useResource<Of<typeof ToolList>>("/v1/tools");
  return (
    <Shown of={tools} what="the tools">
      {({ data }) =>
        data.length === 0 ? (
          <Empty>There is no tool. A skill brings them: nanos skill install PATH.</Empty>
        ) : (
          <div className="scrolls" tabIndex={0} role="group" aria-label="Tools">
            <table>
              <thead>
                <tr>
                  {["tool", "of", "rank", "reaches", "for"].map((head) => (
                    <th key={head}>{head}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {data.map(({ name, skill, description, rank, scopes, agents, failure }) => (
                  <tr key={name}>
                    <td>
                      <Plain text={name} />
                      <p className="soft">
                        <Plain text={description} most={200} />
                      </p>
                      {failure && <State is={failure.code} />}
                    </td>
                    <td>
                      <Plain text={skill} />
                    </td>
                    <td>
                      <Rank rank={rank} />
                    </td>
                    <td>
                      <Plain text={scopes.join(", ") || "nothing"} />
                    </td>
                    <td>
                      <Plain text={agents.join(", ") || "nobody"} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      }
    </Shown>
  );
}

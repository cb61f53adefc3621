import { type ReactNode, useState } from "react";
import { submitting } from "../../ui/doing.ts";
import { Trouble } from "../../ui/says.tsx";
import { Made } from "./answer.tsx";
import type { Answer, Asking } from "./asking.ts";

/** An input, and constraints in words: each is looked at, and says what was found. */
export function Constraints({ asking }: { asking: Asking }): ReactNode {
  const [input, setInput] = useState("");
  const [lines, setLines] = useState("at most 50 words\nuse bullets");
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const constraints = linesOf(lines);
  const ask = (): void => {
    if (input.trim() !== "") asking.ask([() => input], constraints, setAnswers);
  };
  return (
    <>
      <form className="stack" onSubmit={submitting(ask)}>
        <label className="field">
          Input
          <textarea value={input} onChange={({ target }) => setInput(target.value)} />
        </label>
        <label className="field">
          Constraints, one a line
          <textarea value={lines} onChange={({ target }) => setLines(target.value)} />
        </label>
        <Trouble error={asking.error} />
        <div className="actions">
          <button className="strong" disabled={asking.busy}>
            {asking.busy ? "Asking…" : "Ask"}
          </button>
        </div>
      </form>
      {answers.map((answer) => (
        <Made key={answer.metadata.run} title="Answer" answer={answer} />
      ))}
    </>
  );
}

function linesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

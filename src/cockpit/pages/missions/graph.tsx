import type { ReactNode } from "react";
import type { TaskView } from "../../../contracts/mission.ts";
import { partsOf } from "../../ui/plain.tsx";

const [WIDE, HIGH, GAP_X, GAP_Y] = [148, 34, 44, 14];

/** A plan drawn from left to right: each task after what it needs, in the colour of how it stands. */
export function Graph({ tasks }: { tasks: readonly TaskView[] }): ReactNode {
  const at = placesOf(tasks);
  const columns = Math.max(0, ...[...at.values()].map(({ column }) => column)) + 1;
  const rows = Math.max(0, ...[...at.values()].map(({ row }) => row)) + 1;
  const [width, height] = [columns * (WIDE + GAP_X), rows * (HIGH + GAP_Y)];
  const says = tasks.map(({ id, state, ended }) => `${id} ${ended?.status ?? state}`).join(", ");
  return (
    <figure className="sheet graph" tabIndex={0} aria-label="The plan">
      <svg {...{ width, height }} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={says}>
        {tasks.flatMap(({ id, needs }) =>
          needs.map((need) => <Line key={`${need} ${id}`} from={at.get(need)} to={at.get(id)} />),
        )}
        {tasks.map((task) => (
          <Task key={task.id} task={task} at={at.get(task.id)} />
        ))}
      </svg>
    </figure>
  );
}

export interface Spot {
  readonly column: number;
  readonly row: number;
}

/** Each task one column after the last of what it needs; in a column in the order of the plan. */
export function placesOf(tasks: readonly Pick<TaskView, "id" | "needs">[]): Map<string, Spot> {
  const places = new Map<string, Spot>();
  const taken: number[] = [];
  // A task stands after what it needs, as the server has put them in order.
  for (const { id, needs } of tasks) {
    const column = Math.max(-1, ...needs.map((need) => places.get(need)?.column ?? -1)) + 1;
    const row = taken[column] ?? 0;
    taken[column] = row + 1;
    places.set(id, { column, row });
  }
  return places;
}

const xOf = ({ column }: Spot): number => column * (WIDE + GAP_X) + 2;
const yOf = ({ row }: Spot): number => row * (HIGH + GAP_Y) + 2;

function Line({ from, to }: { from: Spot | undefined; to: Spot | undefined }): ReactNode {
  if (!from || !to) return null;
  const [x1, y1] = [xOf(from) + WIDE, yOf(from) + HIGH / 2];
  const [x2, y2] = [xOf(to), yOf(to) + HIGH / 2];
  const middle = (x1 + x2) / 2;
  return <path className="edge" d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`} />;
}

function Task({ task, at }: { task: TaskView; at: Spot | undefined }): ReactNode {
  if (!at) return null;
  const { id, state, ended } = task;
  const [x, y] = [xOf(at), yOf(at)];
  const name = partsOf(id.length > 18 ? `${id.slice(0, 17)}…` : id).map(({ text }) => text);
  return (
    <g className={`task ${ended?.status ?? state}`}>
      <rect {...{ x, y, width: WIDE, height: HIGH - 4, rx: 5 }} />
      <text x={x + 10} y={y + 19}>
        {name.join("")}
      </text>
    </g>
  );
}

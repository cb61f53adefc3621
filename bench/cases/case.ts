/** What a case is told. */
export interface Given {
  /** Where the mock listens. */
  readonly url: string;
  /** Fewer repetitions: enough to see that it works. */
  readonly quick: boolean;
}

/** What a case found: named figures, in the unit their name ends in. */
export type Figures = Readonly<Record<string, number>>;

/** One case: a program that runs in a fresh process and says what it took. */
export type Case = (given: Given) => Promise<Figures>;

/** The middle one of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** CPU time of this process so far, user and system, in microseconds. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Peak resident memory of this process in MB. */
export function peakMb(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Calls `act` a number of times and gives the median of what it returns, figure by figure. */
export async function repeat(
  times: number,
  act: () => Figures | Promise<Figures>,
): Promise<Figures> {
  const all: Figures[] = [];
  for (let i = 0; i < times; i++) all.push(await act());
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(all.map((figures) => figures[name] ?? Number.NaN))]),
  );
}

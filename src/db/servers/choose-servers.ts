import type { Answer, ServerProbe, Timeline } from "./server-probe.ts";
import { isExclusive, type SessionTarget, suits } from "./session-target.ts";

/** How long the other servers may take after the first answer, so that a server that hangs does not delay a failover. */
const GRACE_MS = 200;

export interface Verdicts {
  /** The servers for new connections, in the order of the connection string. */
  readonly suitable: readonly ServerProbe[];
  /** The servers whose open connections must not be used any more. */
  readonly abandoned: readonly ServerProbe[];
  readonly answers: ReadonlyMap<ServerProbe, Answer>;
}

/** Asks all servers at once, and chooses those for new connections. It waits for the servers that `patientWith` accepts. */
export async function chooseServers(
  probes: readonly ServerProbe[],
  target: SessionTarget,
  patientWith: (probe: ServerProbe) => boolean,
): Promise<Verdicts> {
  const answers = await askAll(probes, patientWith);
  const state = (probe: ServerProbe) => stateOf(answers.get(probe));
  const isSuitable = (probe: ServerProbe) => {
    const found = state(probe);
    return found !== null && suits(target, found);
  };
  const suiting = probes.filter(isSuitable);
  const standbys = suiting.filter((probe) => state(probe)?.isStandby);
  const outdated = isExclusive(target) && suiting.length > 1 ? await findOutdated(suiting) : [];
  const suitable = (target === "prefer-standby" && standbys.length > 0 ? standbys : suiting).filter(
    (probe) => !outdated.includes(probe),
  );
  // A server that does not answer is abandoned only if another server is the primary now.
  const isReplaced = (probe: ServerProbe) => state(probe) === null && isExclusive(target) && suitable.length > 0;
  const isWrong = (probe: ServerProbe) => state(probe) !== null && !isSuitable(probe);
  const abandoned = probes.filter((probe) => isWrong(probe) || isReplaced(probe) || outdated.includes(probe));
  return { suitable, abandoned, answers };
}

const stateOf = (answer: Answer | undefined) => (answer === undefined || "error" in answer ? null : answer);

/** Resolves when all servers that `patientWith` accepts have answered, or `GRACE_MS` after the first answer. */
async function askAll(
  probes: readonly ServerProbe[],
  patientWith: (probe: ServerProbe) => boolean,
): Promise<ReadonlyMap<ServerProbe, Answer>> {
  const answers = new Map<ServerProbe, Answer>();
  const awaited = new Set(probes.filter(patientWith));
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    for (const probe of probes) {
      void probe.ask().then((answer) => {
        answers.set(probe, answer);
        awaited.delete(probe);
        timer ??= setTimeout(resolve, GRACE_MS);
        if (awaited.size === 0) resolve();
      });
    }
  });
  clearTimeout(timer);
  return new Map(answers);
}

/** The primaries that a promotion has replaced, for example while they were frozen or cut off from the standbys. */
async function findOutdated(primaries: readonly ServerProbe[]): Promise<readonly ServerProbe[]> {
  const timelines = new Map<ServerProbe, Timeline | null>();
  await Promise.all(primaries.map(async (probe) => timelines.set(probe, await probe.readTimeline())));
  const isNewer = (one: Timeline | null | undefined, other: Timeline | null | undefined) =>
    one != null && other != null && one.cluster === other.cluster && one.number > other.number;
  return primaries.filter((probe) => primaries.some((other) => isNewer(timelines.get(other), timelines.get(probe))));
}

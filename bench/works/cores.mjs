import { contest } from "../harness/contest.mjs";
import { DATA } from "../harness/data.mjs";
import { restPage } from "../harness/requests.mjs";
import { ratioOf } from "../harness/statistics.mjs";
import { OURS } from "../opponents.mjs";

export const cores = {
  name: "cores",
  title: "Two workers against one (WORKERS), a REST page of 100",
  async run(bench) {
    const [one, two] = ["1", "2"].map((workers) => ({
      ...OURS,
      name: `WORKERS=${workers}`,
      environment: { ...OURS.environment, WORKERS: workers },
    }));
    if (!(await hasWorkers(bench, two))) return { rows: [], notices: ["not available: this server knows no WORKERS"] };

    const request = restPage(bench, DATA.pageTaskId, { limit: 100 });
    const entries = [one, two].map((opponent) => ({ name: opponent.name, opponent, request }));
    const { rows, samples } = await contest(bench, entries, { reference: one.name });
    const gain = ratioOf(samples.get(two.name), samples.get(one.name), "perSecond");
    const range = `${gain.min.toFixed(2)}–${gain.max.toFixed(2)}`;
    return { rows, notices: [`throughput of two workers: ${gain.median.toFixed(2)} (${range}) × that of one`] };
  },
};

async function hasWorkers(bench, opponent) {
  const server = await bench.start(opponent);
  const count = server.processCount();
  await server.stop();
  return count > 1;
}

import autocannon from "autocannon";

// The load generator runs as its own process, so that no server's figures contain its CPU. It takes one argument of JSON and
// prints one line of JSON. It is in this folder because autocannon is among the packages of the peers.
const { url, connections, seconds, amount, rate, method, headers, body, path, offsets } = JSON.parse(process.argv[2]);

let requested = 0;
const nextOffset = () => {
  const at = offsets.from + offsets.step * requested++;
  return offsets.below === undefined ? at : at % offsets.below;
};
const withOffset = (request) => ({ ...request, path: path.replace("{offset}", String(nextOffset())) });

const result = await autocannon({
  url,
  connections,
  ...(amount === undefined ? { duration: seconds } : { amount }),
  ...(rate === undefined ? {} : { overallRate: rate }),
  requests: [{ method, path, headers, body, ...(offsets === undefined ? {} : { setupRequest: withOffset }) }],
});

console.log(
  JSON.stringify({
    answers: result["2xx"],
    faults: result.non2xx + result.errors + result.timeouts + result.mismatches,
    /** Details for the error message. */
    statuses: Object.keys(result.statusCodeStats ?? {}),
    seconds: result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  }),
);

import { parseArgs } from "node:util";

const USAGE = `Usage: npm run bench -- [options]

  --only A,B     run only these benchmarks (--list prints their names)
  --list         print the names of the benchmarks
  --rounds N     interleaved rounds, default 3
  --seconds N    seconds per cell, default 5
  --quick        fewer requests, to try the harness; the figures are not reliable
  --peers A,B    run only these opponents; the baseline and this service always run
  --profile A    run one benchmark with --cpu-prof and print which packages use the CPU; the figures are not reliable
  --no-build     measure the existing dist/ without building it

A run without --only, --peers, --profile and --quick writes docs/measurements/. Any other run writes .artifacts/bench/.`;

/** Prints the usage and exits if the command line is wrong. */
export function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: "string" },
        peers: { type: "string" },
        profile: { type: "string" },
        list: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        rounds: { type: "string", default: "3" },
        seconds: { type: "string", default: "5" },
        "no-build": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) endWith(USAGE, 0);
    return {
      only: namesOf(values.profile ?? values.only),
      peers: values.profile === undefined ? namesOf(values.peers) : [],
      isProfiling: values.profile !== undefined,
      list: values.list,
      quick: values.quick,
      rounds: wholeNumber("--rounds", values.rounds),
      seconds: wholeNumber("--seconds", values.seconds),
      build: !values["no-build"],
    };
  } catch (error) {
    endWith(`${error.message}\n\n${USAGE}`, 2);
  }
}

function namesOf(list) {
  return list === undefined ? null : list.split(",").map((name) => name.trim());
}

function wholeNumber(name, text) {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${name} must be a whole number from 1 to 9999`);
  return Number(text);
}

function endWith(text, code) {
  console.error(text);
  process.exit(code);
}

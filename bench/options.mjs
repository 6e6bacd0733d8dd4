import { parseArgs } from "node:util";

const USAGE = `Usage: npm run bench -- [options]

  --only A,B     run only these workloads (--list prints their names)
  --list         print the names of the workloads
  --rounds N     interleaved rounds, default 3
  --seconds N    seconds per cell, default 5
  --quick        fewer requests, to try the harness; the figures are not reliable
  --peers A,B    compare only these peers ("none" compares no peer); the baseline and this service always run
  --profile A    run one workload with --cpu-prof and print which packages use the CPU; the figures are not reliable
  --no-build     measure the existing dist/ without building it

A run without --only, --peers, --profile and --quick writes docs/measurements/. Any other run writes .artifacts/bench/.`;

/**
 * Prints the usage and exits if the command line is wrong.
 * @param {string[]} args
 */
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
      peers: values.profile === undefined && values.peers !== "none" ? namesOf(values.peers) : [],
      isProfiling: values.profile !== undefined,
      list: values.list,
      quick: values.quick,
      rounds: wholeNumber("--rounds", values.rounds),
      seconds: wholeNumber("--seconds", values.seconds),
      build: !values["no-build"],
    };
  } catch (error) {
    return endWith(`${error.message}\n\n${USAGE}`, 2);
  }
}

/** @param {string | undefined} list */
function namesOf(list) {
  return list === undefined ? null : list.split(",").map((name) => name.trim());
}

function wholeNumber(name, text) {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${name} must be a whole number from 1 to 9999`);
  return Number(text);
}

/**
 * @param {string} text
 * @param {number} code
 * @returns {never}
 */
function endWith(text, code) {
  console.error(text);
  process.exit(code);
}

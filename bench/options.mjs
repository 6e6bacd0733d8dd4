import { parseArgs } from "node:util";

const USAGE = `Usage: npm run bench -- [options]

  --only A,B     these works alone (the names are printed with --list)
  --list         name the works and end
  --rounds N     interleaved rounds, default 3
  --seconds N    seconds per cell, default 5
  --quick        fewer requests where a work counts them; for trying the harness, not for figures
  --peers A,B    these opponents alone; the floor and ours always run
  --profile A    one work, our server under --cpu-prof: prints whose the time was, and no figures to believe
  --no-build     measure dist/ as it lies

Only a full run (none of --only, --peers, --profile, --quick, --list) writes docs/measurements/. Any other run writes .artifacts/bench/.`;

/** Ends the process with the usage where the command line is wrong. */
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

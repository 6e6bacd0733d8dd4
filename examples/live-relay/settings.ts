import { existsSync, readFileSync } from "node:fs";

interface Demo {
  readonly userKey?: string;
  readonly taskId?: string;
}

/** `npm start` of the repository writes this file. Outside of the repository there is none. */
const demoFile = new URL("../../.data/demo.json", import.meta.url);
const demo: Demo = existsSync(demoFile) ? JSON.parse(readFileSync(demoFile, "utf8")) : {};

function setting(name: string, byDefault: string | undefined): string {
  const value = process.env[name] ?? byDefault;
  if (value !== undefined) return value;
  console.error(`Set the environment variable ${name}, or start the demo with \`npm start\` in the repository.`);
  process.exit(1);
}

export const url = setting("URL", "http://127.0.0.1:4000");
export const key = setting("KEY", demo.userKey);
export const taskId = setting("TASK", demo.taskId);

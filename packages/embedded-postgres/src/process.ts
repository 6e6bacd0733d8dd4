import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { binaryPath } from "./binaries.ts";
import { clusterDirOf } from "./cluster.ts";
import { EmbeddedPostgresError } from "./error.ts";
import { LAUNCH_ENV, type Launch } from "./launch.ts";
import { openLog } from "./log.ts";
import { endPostmaster } from "./shutdown.ts";

export interface Postmaster {
  hasExited: () => boolean;
  exited: Promise<true>;
  isGoneWithin: (waitMs: number) => Promise<boolean>;
  /** What the server has said since this start, its last lines. */
  logTail: () => Promise<string>;
  /** From now on a program that has nothing else to do may end. */
  release: () => void;
  /** Waits for its exit. */
  stop: () => Promise<void>;
}

/** Started, not yet answering. */
export async function spawnPostmaster(
  launch: Launch,
  dataDir: string,
  port: number,
  extraSettings: Readonly<Record<string, string>>,
): Promise<Postmaster> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    // For a laptop: PostgreSQL's own defaults, said aloud because initdb lowers them on a small machine.
    shared_buffers: "128MB",
    max_connections: "100",
    timezone: "UTC",
    log_timezone: "UTC",
    ...extraSettings,
  };
  const program = binaryPath(launch.nativeDir, "postgres");
  const programArgs = ["-D", clusterDirOf(dataDir)];
  for (const [name, value] of Object.entries(settings)) programArgs.push("-c", `${name}=${value}`);
  const [file = program, ...args] = [...launch.prefix, program, ...programArgs];

  const log = await openLog(join(dataDir, "postgres.log"));
  try {
    const child = spawn(file, args, {
      cwd: "/",
      env: LAUNCH_ENV,
      stdio: ["ignore", log.fd, log.fd],
      // Ctrl-C in a terminal goes to the whole process group; we stop the server ourselves, after the last request.
      detached: true,
      ...launch.spawnAs,
    });
    // Rejects where the program cannot be run at all.
    await once(child, "spawn");
    return supervise(child, launch, log.tail);
  } finally {
    await log.close();
  }
}

function supervise(child: ChildProcess, launch: Launch, logTail: () => Promise<string>): Postmaster {
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  const exited = new Promise<true>((resolve) => child.once("exit", () => resolve(true)));
  // Where no kernel stops the server with us: whoever ends without stop() takes it along.
  const onExit = () => void child.kill("SIGINT");
  process.once("exit", onExit);
  void exited.then(() => process.off("exit", onExit));
  const isGoneWithin = async (waitMs: number) =>
    hasExited() || (await Promise.race([exited, delay(waitMs, false, { ref: false })]));
  return {
    hasExited,
    exited,
    isGoneWithin,
    logTail,
    release: () => child.unref(),
    stop: async () => {
      child.ref();
      if (child.pid !== undefined) await endPostmaster(child.pid, launch, isGoneWithin);
    },
  };
}

/** Free at this moment; somebody else may still take it first. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") {
    throw new EmbeddedPostgresError("There is no free TCP port on 127.0.0.1.");
  }
  return address.port;
}

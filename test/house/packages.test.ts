import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly deprecated?: string;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const lockfile = readFileSync("package-lock.json", "utf8");
const locked = Object.entries(JSON.parse(lockfile).packages as Record<string, LockedPackage>).filter(
  ([path]) => path !== "",
);
const nameOf = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

test("every package with an install script is allowed or refused, so that `npm ci` prints no warning", () => {
  const withScript = locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
  expect([...new Set(withScript)].sort()).toEqual(Object.keys(manifest.allowScripts).sort());
});

test("no package is deprecated, and the lockfile names no registry", () => {
  expect(locked.filter(([, { deprecated }]) => deprecated !== undefined).map(([path]) => path)).toEqual([]);
  expect(locked.filter(([, { resolved }]) => resolved?.startsWith("http")).map(([path]) => path)).toEqual([]);
  expect(lockfile).not.toContain("registry.npmjs.org");
});

test("npm run sbom lists the packages of the running program without a network", async () => {
  const env = { ...process.env, npm_config_registry: "http://127.0.0.1:1", npm_config_cache: "/nonexistent" };
  const { stdout, stderr } = await promisify(execFile)("npm", ["run", "--silent", "sbom"], { env, maxBuffer: 1e7 });
  const { bomFormat, components } = JSON.parse(stdout);
  const listed: Record<string, string> = Object.fromEntries(
    components.map(({ name, version }: { name: string; version: string }) => [name, version]),
  );
  expect([bomFormat, stderr]).toEqual(["CycloneDX", ""]);
  expect(listed).toMatchObject(manifest.dependencies);
  expect(["vitest", "@biomejs/biome", "typescript", "graphiql"].filter((name) => name in listed)).toEqual([]);
});

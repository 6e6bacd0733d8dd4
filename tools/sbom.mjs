import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

// Prints a CycloneDX list of the packages that the program needs at run time, from the lockfile and without a network.
// `npm sbom --omit dev` would do, but also omits a package such as graphql that is a devDependency of another package.

const { name, packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const options = ["--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
const output = execFileSync("npm", ["sbom", ...options], { encoding: "utf8", maxBuffer: 100_000_000 });
const sbom = JSON.parse(output);

const needed = new Set(
  Object.entries(packages)
    .filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true)
    .map(
      ([path, { version }]) => `${path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${version}`,
    ),
);
const root = sbom.metadata.component["bom-ref"];
const isNeeded = (ref) => ref === root || needed.has(ref);

// npm takes the name from the directory.
sbom.metadata.component.name = name;
sbom.components = sbom.components.filter((component) => isNeeded(component["bom-ref"]));
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => isNeeded(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(isNeeded) }));
console.log(JSON.stringify(sbom, null, 2));

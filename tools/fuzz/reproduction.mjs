const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const isPlain = (text) => /^[\t\n\x20-\x7e]*$/.test(text);

/** A shell command that sends the same request: curl if it can send it, otherwise the bytes through nc. */
function reproductionOf({ kind, request, bytes }, port) {
  const text = bytes.toString("latin1");
  if (kind === "raw" || !isPlain(text.replaceAll("\r\n", "\n")) || !request.target.startsWith("/")) {
    return `echo ${bytes.toString("base64")} | base64 -d | nc -q 2 127.0.0.1 ${port}   # ${JSON.stringify(text).slice(0, 2000)}`;
  }
  const { method, target, headers, body } = request;
  const shown = headers.filter(([name]) => !["Host", "Content-Length"].includes(name));
  return [
    method === "HEAD" ? "curl -sI" : `curl -si -X ${method}`,
    "--path-as-is",
    ...shown.map(([name, value]) => `-H ${inShell(value === "" ? `${name};` : `${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-binary ${inShell(body.toString())}`]),
    inShell(`http://127.0.0.1:${port}${target}`),
  ].join(" ");
}

export function reportOf({ seed, port, done, seconds, byKind, byStatus, failures }) {
  const counts = (entries) =>
    Object.entries(entries)
      .map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`)
      .join(", ");
  const lines = [
    `seed ${seed}: ${done.toLocaleString("en-US")} test cases in ${seconds.toFixed(0)} s, ${Math.round(done / seconds).toLocaleString("en-US")}/s`,
    `  kinds    ${counts(byKind)}`,
    `  answers  ${counts(byStatus)}`,
    `  failures ${failures.length}`,
  ];
  for (const { index, problem, testCase, isRepeatable, shrinks, times } of failures) {
    lines.push(
      "",
      `FAILED seed ${seed} index ${index}${times > 1 ? ` and ${times - 1} more` : ""}: ${problem}`,
      `  ${isRepeatable ? `the smallest of ${shrinks} attempts; ` : "did not fail again when repeated alone; "}repeat with: npm run fuzz -- --seed ${seed} --from ${index} --count 1`,
      `  ${reproductionOf(testCase, port)}`,
    );
  }
  return lines.join("\n");
}

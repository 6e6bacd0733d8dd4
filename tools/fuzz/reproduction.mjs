const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const isPlain = (text) => /^[\t\n\x20-\x7e]*$/.test(text);

/** A command that says the same again: curl where it can, the bytes otherwise. */
function reproductionOf({ door, request, bytes }, port) {
  const text = bytes.toString("latin1");
  if (door === "raw" || !isPlain(text.replaceAll("\r\n", "\n")) || !request.target.startsWith("/")) {
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

export function reportOf({ seed, port, done, seconds, byDoor, byStatus, failures }) {
  const counts = (entries) =>
    Object.entries(entries)
      .map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`)
      .join(", ");
  const lines = [
    `seed ${seed}: ${done.toLocaleString("en-US")} conversations in ${seconds.toFixed(0)} s, ${Math.round(done / seconds).toLocaleString("en-US")}/s`,
    `  doors    ${counts(byDoor)}`,
    `  answers  ${counts(byStatus)}`,
    `  failures ${failures.length}`,
  ];
  for (const { index, problem, conversation, isRepeatable, shrinks, times } of failures) {
    lines.push(
      "",
      `FAILED seed ${seed} index ${index}${times > 1 ? ` and ${times - 1} more` : ""}: ${problem}`,
      `  ${isRepeatable ? `smallest of ${shrinks} smaller ones; ` : "did not fail again when repeated alone; "}again: npm run fuzz -- --seed ${seed} --from ${index} --count 1`,
      `  ${reproductionOf(conversation, port)}`,
    );
  }
  return lines.join("\n");
}

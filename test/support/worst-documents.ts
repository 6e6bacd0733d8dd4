/** Documents of up to 64 KB that are expensive to parse, validate or refuse, by the reason. */
export function worstDocuments(): Record<string, string> {
  const times = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, n) => text(n)).join("");
  const filled = (head: string, piece: string, tail = "") =>
    head + piece.repeat(Math.floor((64 * 1024 - head.length - tail.length) / piece.length)) + tail;
  const newlines = "\n".repeat(31_000);

  return {
    "tokens of one field": filled("{", "taskJobs{count}", "}"),
    "tokens of __typename": filled("{", "__typename ", "}"),
    comments: filled("{__typename}", "#\n"),
    "lines before the mistakes": `${newlines}{${times(300, (n) => `x${n} `)}}`,
    "lines before one argument given 300 times": `${newlines}{taskJobs(${"a:1 ".repeat(300)}){count}}`,
    "nested selections": `{${"a{".repeat(490)}`,
    "nested selections that close": `{${"a{".repeat(300)}b${"}".repeat(300)}}`,
    "nested lists": filled("{a(b:", "["),
    "nested objects": filled("{a(b:", "{c:"),
    "nested inline fragments": `{${"...{".repeat(300)}a${"}".repeat(300)}}`,
    "aliases of the root": `{${times(250, (n) => `a${n}:__typename `)}}`,
    "aliases of introspection": `{__schema{types{${times(150, (n) => `a${n}:fields{name}`)}}}}`,
    "circular introspection": `{__schema{types{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}`,
    "one name for two fields, 25,000 pairs": `{taskJobs{${"a:count ".repeat(150)}${"a:limit ".repeat(150)}}}`,
    "one name for two fields, deeper": `{a{${"b ".repeat(60)}}a{${"b:c ".repeat(60)}}}`,
    "one repeated field": `{taskJobs{${"count ".repeat(900)}}}`,
    "nested pairs of fields": `{${pairs(6)}}`,
    "directives on one field": `{__typename ${"@skip(if:$v) ".repeat(120)}}`,
    "unknown directives": `{__typename ${"@aa ".repeat(490)}}`,
    "directives on many fields": `{taskJobs{${times(120, (n) => `a${n}:count @aa(b:1)`)}}}`,
    "doubling fragments": `{taskJobs{...F0}}${times(60, (n) => `fragment F${n} on TaskJobs{...F${n + 1} ...F${n + 1}}`)}fragment F60 on TaskJobs{count}`,
    "a cycle of fragments": `{...F0}${times(120, (n) => `fragment F${n} on Query{...F${(n + 1) % 120}}`)}`,
    "lines before a cycle of fragments": `${newlines}{...F0}${times(120, (n) => `fragment F${n} on Query{...F${(n + 1) % 120}}`)}`,
    "many spreads of one fragment": `{taskJobs{${"...F ".repeat(450)}}}fragment F on TaskJobs{count}`,
    "unused fragments": times(140, (n) => `fragment F${n} on Query{__typename}`),
    "many operations": times(190, (n) => `query A${n}{a}`),
    "operations that share fragments": `${times(60, (n) => `query A${n}{taskJobs{...F}}`)}fragment F on TaskJobs{${times(300, (n) => `a${n}:count `)}}`,
    "unused variables": `query(${times(240, (n) => `$v${n}:Int`)}){__typename}`,
    "variables of unknown types": `query(${times(240, (n) => `$v${n}:T${n}`)}){__typename}`,
    "names of 7 KB": `{${times(9, (n) => `${"x".repeat(7000)}${n} `)}}`,
    "one name of 64 KB": `{${"x".repeat(64 * 1024 - 2)}}`,
    "one id of 64 KB": `{taskJobs(taskId:"${"x".repeat(64 * 1024 - 30)}"){count}}`,
    "an id of three-byte letters": `{taskJobs(taskId:"${"€".repeat(21_000)}"){count}}`,
    "ten limits of three-byte letters": `{${times(10, (n) => `a${n}:taskJobs(limit:"${"€".repeat(2000)}"){count}`)}}`,
    "a block string of many lines": `{taskJobs(taskId:"""${" \n".repeat(32_000)}"""){count}}`,
    "an id of escapes": filled('{taskJobs(taskId:"', "\\u0041", '"){count}}'),
    "a number of 64 KB": `{taskJobs(limit:${"9".repeat(65_000)}){count}}`,
    "an unterminated string": filled('{a(b:"', "x"),
    "bytes that are not tokens": "\u0001".repeat(10_000),
    "NUL characters": `{${"\u0000".repeat(10_000)}}`,
  };
}

/** `{a{a{…}a{…}}a{…}}`: every selection contains a field twice. */
function pairs(depth: number): string {
  return depth === 0 ? "b" : `a{${pairs(depth - 1)}}a{${pairs(depth - 1)}}`;
}

/** Returns the number with its noun, such as `1 job` or `1,234 jobs`. */
export function pluralize(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

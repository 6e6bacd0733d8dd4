import { readFileSync, statSync } from "node:fs";

/** A manifest of a thousand trusted documents has about 1 MB, and a certificate has less. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;
const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

type Environment = Readonly<Record<string, string | undefined>>;

interface ParsedSetting<T> {
  /** Returns null if the text is invalid. */
  readonly parse: (text: string) => T | null;
  readonly default: T;
  /** Completes the sentence "NAME must be …" if the text is invalid. */
  readonly rule: string;
}

interface IntegerSetting {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export type EnvironmentReader = ReturnType<typeof createEnvironmentReader>;

/** Reads settings of each kind. For an invalid setting it adds a fault and returns the default, so that all faults are found. */
export function createEnvironmentReader(environment: Environment) {
  const faults: string[] = [];

  /** Returns null for an empty variable, because compose files and shells define empty variables by accident. */
  const text = (name: string): string | null => environment[name]?.trim() || null;

  function parsed<T>(name: string, setting: ParsedSetting<T>): T {
    const value = text(name);
    if (value === null) return setting.default;
    const result = setting.parse(value);
    if (result === null) faults.push(`${name} must be ${setting.rule}`);
    return result ?? setting.default;
  }

  return {
    faults,
    text,
    parsed,

    integer(name: string, { default: fallback, min, max }: IntegerSetting): number {
      const parse = (value: string) => {
        const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
        return number >= min && number <= max ? number : null;
      };
      return parsed(name, { parse, default: fallback, rule: `a whole number from ${min} to ${max}` });
    },

    flag(name: string, fallback: boolean): boolean {
      const parse = (value: string) => (/^(on|off)$/i.test(value) ? value.toLowerCase() === "on" : null);
      return parsed(name, { parse, default: fallback, rule: "on or off" });
    },

    choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
      const parse = (value: string) => choices.find((choice) => choice === value.toLowerCase()) ?? null;
      return parsed(name, { parse, default: fallback, rule: `one of ${choices.join(", ")}` });
    },

    list(name: string, { isValid, rule }: { isValid: (entry: string) => boolean; rule: string }): readonly string[] {
      const parse = (value: string) => {
        const entries = value
          .split(",")
          .map((entry) => entry.trim())
          .filter(Boolean);
        return entries.every(isValid) ? entries : null;
      };
      return parsed<readonly string[]>(name, { parse, default: [], rule: `${rule}, separated by commas` });
    },

    secret(name: string, minLength: number): string | null {
      const parse = (value: string) => (value.length >= minLength && /^[\x21-\x7e]+$/.test(value) ? value : null);
      const rule = `at least ${minLength} ASCII characters without spaces`;
      return parsed<string | null>(name, { parse, default: null, rule });
    },

    url(name: string, protocols: readonly string[]): URL | null {
      const parse = (value: string) => {
        const url = URL.canParse(value) ? new URL(value) : null;
        // `fetch` refuses a URL with a user name or a password.
        return url !== null && protocols.includes(url.protocol) && `${url.username}${url.password}` === "" ? url : null;
      };
      const starts = protocols.map((protocol) => `${protocol}//`).join(" or ");
      const rule = `a URL that starts with ${starts} and has no user name or password`;
      return parsed<URL | null>(name, { parse, default: null, rule });
    },

    /** Adds a fault if this setting is present without any of the others, because it has no effect then. */
    onlyWith(name: string, ...others: string[]): void {
      if (text(name) === null || others.some((other) => text(other) !== null)) return;
      faults.push(`${name} has no effect without ${others.join(" or ")}`);
    },
  };
}

/** Reads a rate such as 100/s, 1000/m or 10000/h. Returns null if the text is invalid. */
export function parseRate(text: string): { points: number; windowSeconds: number } | null {
  const [, points, unit = ""] = /^([1-9]\d{0,6})\/([smh])$/.exec(text) ?? [];
  const windowSeconds = SECONDS_OF_UNIT[unit];
  return windowSeconds === undefined ? null : { points: Number(points), windowSeconds };
}

/** Its message completes a sentence that begins with the path, or with the name of the setting. */
export class UnusableFile extends Error {}

/** Reads a file that a setting names. Throws UnusableFile. */
export function readFileOfSetting(path: string): Buffer {
  try {
    const stats = statSync(path);
    // Opening a named pipe would wait until another program writes to it, and a device may have no end.
    if (!stats.isFile()) throw new UnusableFile("is not a file");
    if (stats.size > MAX_FILE_BYTES)
      throw new UnusableFile(`has ${stats.size} bytes, and the limit is ${MAX_FILE_BYTES}`);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UnusableFile) throw error;
    throw new UnusableFile(`cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

import { describeDatabase, readConnectionUrl } from "../connection-url.ts";

/** Splits only in front of the scheme of a URL, because a comma may also separate the hosts of one URL. */
const BETWEEN_URLS = /[\s,]+(?=postgres(?:ql)?:\/\/)/i;

interface ReplicaUrls {
  readonly urls: readonly string[];
  readonly faults: readonly string[];
}

/** Reads the setting DATABASE_REPLICA_URLS. */
export function readReplicaUrls(setting: string | null): ReplicaUrls {
  const urls = setting?.replace(/[\s,]+$/, "").split(BETWEEN_URLS) ?? [];
  const names = urls.map(describeDatabase);
  const faults = urls.flatMap((url, index) => {
    const first = names.indexOf(names[index] as string);
    // The metrics name each replica by its servers and its database.
    const repeated = first < index ? [`names the same servers and database as URL ${first + 1}`] : [];
    const found = readConnectionUrl(url).faults;
    return (found.length > 0 ? found : repeated).map((fault) => `DATABASE_REPLICA_URLS: URL ${index + 1} ${fault}`);
  });
  return { urls, faults };
}

export interface PageSettings {
  /** Null outside the embedded demo: nobody's real key is ever put into a page. */
  demoApiKey: string | null;
  demoTaskId: string | null;
}

const PLACEHOLDER_API_KEY = "YOUR_API_KEY";
const PLACEHOLDER_TASK_ID = "00000000-0000-0000-0000-000000000000";

/** From data-attributes: the Content-Security-Policy leaves no room for an inline script. */
export function readSettings(root: HTMLElement): PageSettings {
  const { apiKey, taskId } = root.dataset;
  return { demoApiKey: apiKey ?? null, demoTaskId: taskId ?? null };
}

export function presetHeaders(settings: PageSettings): Record<string, string> {
  return { Authorization: `Bearer ${settings.demoApiKey ?? PLACEHOLDER_API_KEY}` };
}

export function presetTaskId(settings: PageSettings): string {
  return settings.demoTaskId ?? PLACEHOLDER_TASK_ID;
}

interface SwaggerOptions {
  readonly spec: object;
  readonly domNode: Element;
  readonly validatorUrl: null;
  readonly [option: string]: unknown;
}

declare const SwaggerUIBundle: (options: SwaggerOptions) => unknown;

async function start(): Promise<void> {
  const domNode = document.getElementById("docs");
  if (domNode === null) return;
  const address = new URL(domNode.dataset.document ?? "", location.href);
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const spec = (await response.json()) as object;
    // The address of this page has the path prefix of a proxy even if the server does not know it.
    const servers = [{ url: new URL(".", address).href.replace(/\/$/, "") }];
    SwaggerUIBundle({
      spec: { ...spec, servers },
      domNode,
      // The default adds an image of swagger.io.
      validatorUrl: null,
      deepLinking: true,
      displayRequestDuration: true,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      showExtensions: false,
    });
  } catch (error) {
    domNode.textContent = `The reference could not be loaded: ${error instanceof Error ? error.message : "unknown error"}`;
  }
}

void start();

import http from "node:http";

/**
 * Sends a request and discards the body of the response. Resolves to the status, or to the code of the error.
 * @param {string} origin
 * @param {{ method: string, path: string, headers?: any, body?: any, agent?: http.Agent }} request
 * @returns {Promise<number | string>}
 */
export function requestStatus(origin, { method, path, headers, body, agent }) {
  return new Promise((resolve) => {
    const options = { method, headers: headers ?? {}, ...(agent === undefined ? {} : { agent }) };
    const request = http.request(origin + path, options);
    request.on("response", (response) => {
      response.resume();
      response.on("close", () => resolve(response.statusCode ?? "no status"));
    });
    request.on("error", (/** @type {NodeJS.ErrnoException} */ error) => resolve(error.code ?? "error"));
    request.end(body);
  });
}

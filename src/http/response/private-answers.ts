import type { RequestHandler } from "express";

/** The answers depend on who asks; a shared cache may keep none, a private one must ask first. */
export const privateAnswers: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "private, no-cache");
  response.vary("Accept, Accept-Encoding, Authorization, X-API-Key");
  next();
};

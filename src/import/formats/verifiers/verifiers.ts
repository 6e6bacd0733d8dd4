import type { ResultFormat } from "../result-format.ts";
import { bouncer } from "./bouncer.ts";
import { emailable } from "./emailable.ts";
import { hunter } from "./hunter.ts";
import { kickbox } from "./kickbox.ts";
import { millionverifier } from "./millionverifier.ts";
import { neverbounce } from "./neverbounce.ts";
import { reacher } from "./reacher.ts";
import { truemail } from "./truemail.ts";
import { verifalia } from "./verifalia.ts";
import { zerobounce } from "./zerobounce.ts";

export const VERIFIERS: readonly ResultFormat[] = [
  zerobounce,
  neverbounce,
  bouncer,
  hunter,
  millionverifier,
  emailable,
  kickbox,
  verifalia,
  reacher,
  truemail,
];

/** Random numbers from 0 up to 1 that depend on the seed alone, so that a run can be repeated (mulberry32). */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const integerBelow = (random, limit) => Math.floor(random() * limit);

export const pick = (random, list) => list[integerBelow(random, list.length)];

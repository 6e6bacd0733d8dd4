/** Numbers from 0 up to 1, the same for the same seed (mulberry32): a failing history can be run again. */
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

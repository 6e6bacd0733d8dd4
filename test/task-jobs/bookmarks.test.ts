import { expect, test } from "vitest";
import { PagePlaces } from "../../src/task-jobs/bookmarks.ts";

const at = (offset: number) => ({ offset, createdAt: "2025-01-01 12:00:00+00", id: `job ${offset}` });

test("the nearest place at or before an offset is found", () => {
  const places = new PagePlaces();
  for (const offset of [500, 99, 300]) places.remember("task", "1", at(offset));
  expect([98, 99, 100, 299, 300, 499, 9999].map((offset) => places.find("task", offset)?.offset)).toEqual([
    undefined,
    99,
    99,
    99,
    300,
    300,
    500,
  ]);
  expect(places.find("another task", 500)).toBeNull();
});

test("a new version of a task forgets the places of the old one", () => {
  const places = new PagePlaces();
  places.remember("task", "1", at(99));
  places.remember("task", "2", at(500));
  expect(places.find("task", 400)).toBeNull();
  expect(places.find("task", 500)).toEqual({ ...at(500), version: "2" });
});

test("a task of a million pages keeps a bounded number of places, spread over its length", () => {
  const places = new PagePlaces();
  for (let page = 0; page < 1_000_000; page += 100) places.remember("task", "1", at(page * 100 + 99));
  const gaps = Array.from({ length: 50 }, (_, i) => {
    const offset = (i + 1) * 1_900_000;
    return offset - (places.find("task", offset)?.offset ?? 0);
  });
  expect(places.size).toBeLessThanOrEqual(5000);
  expect(Math.max(...gaps)).toBeLessThan(10_000_000);
});

test("many tasks share a bounded number of places, and the least recently walked goes first", () => {
  const places = new PagePlaces();
  for (let task = 0; task < 3000; task++) {
    for (let page = 0; page < 10; page++) places.remember(`task ${task}`, "1", at(page * 100));
    if (task % 100 === 0) places.remember("task 0", "1", at(task));
  }
  expect(places.size).toBeLessThanOrEqual(20_000);
  expect(places.find("task 0", 0)).not.toBeNull();
  expect(places.find("task 1", 0)).toBeNull();
  expect(places.find("task 2999", 0)).not.toBeNull();
});

import { expect, test } from "vitest";
import { Bookmarks } from "../../src/task-jobs/deep-page.queries.ts";

const job = (offset: number) => ({ createdAt: "2025-01-01 12:00:00+00", id: `job ${offset}` });
const pageAt = (offset: number, size = 1) => ({
  offset,
  jobs: Array.from({ length: size }, (_, index) => job(offset + index)),
});

test("the last bookmark at or before an offset is found", () => {
  const bookmarks = new Bookmarks();
  for (const offset of [500, 99, 300]) bookmarks.add("task", "1", pageAt(offset));
  const found = [98, 99, 100, 299, 300, 499, 9999].map((offset) => bookmarks.find("task", offset)?.offset);
  expect(found).toEqual([undefined, 99, 99, 99, 300, 300, 500]);
  expect(bookmarks.find("another task", 500)).toBeNull();
});

test("a page adds its ends, but not its first job if the page before ended there", () => {
  const bookmarks = new Bookmarks();
  bookmarks.add("task", "1", pageAt(200, 100));
  bookmarks.add("task", "1", pageAt(300, 100));
  expect([250, 300, 400].map((offset) => bookmarks.find("task", offset)?.offset)).toEqual([200, 299, 399]);
  expect(bookmarks.count).toBe(3);
});

test("a new version of a task's jobs drops the bookmarks of the old version", () => {
  const bookmarks = new Bookmarks();
  bookmarks.add("task", "1", pageAt(99));
  bookmarks.add("task", "2", pageAt(500));
  expect(bookmarks.find("task", 400)).toBeNull();
  expect(bookmarks.find("task", 500)).toEqual({ offset: 500, ...job(500), version: "2" });
});

test("a task of a million jobs keeps a bounded number of bookmarks, spread over its length", () => {
  const bookmarks = new Bookmarks();
  for (let offset = 0; offset < 1_000_000; offset += 100) bookmarks.add("task", "1", pageAt(offset, 100));
  const gaps = Array.from({ length: 50 }, (_, index) => {
    const offset = (index + 1) * 19_000;
    return offset - (bookmarks.find("task", offset)?.offset ?? 0);
  });
  expect(bookmarks.count).toBeLessThanOrEqual(5000);
  expect(Math.max(...gaps)).toBeLessThan(1000);
});

test("many tasks share a bounded number of bookmarks, and the least recently read task is dropped first", () => {
  const bookmarks = new Bookmarks();
  for (let task = 0; task < 3000; task++) {
    for (let page = 0; page < 10; page++) bookmarks.add(`task ${task}`, "1", pageAt(page * 100));
    if (task % 100 === 0) bookmarks.add("task 0", "1", pageAt(task + 1000));
  }
  expect(bookmarks.count).toBeLessThanOrEqual(20_000);
  expect(bookmarks.find("task 0", 0)).not.toBeNull();
  expect(bookmarks.find("task 1", 0)).toBeNull();
  expect(bookmarks.find("task 2999", 0)).not.toBeNull();
});
